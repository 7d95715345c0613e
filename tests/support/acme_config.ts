/** A configuration whose certificates come from pebble. */

/** For `TestProxy`: listeners of a.example, and what else is on the global level. */
export function acmeConfig(
  { directory, caFile }: { readonly directory: string; readonly caFile: string },
  ports: { readonly tls: number; readonly http: number | null },
  more = "",
): string {
  const plain = ports.http === null ? "" : `  - {port: ${ports.http}, host: 127.0.0.1}\n`;
  return `acme:
  accept-tos: YES
  http-port: ${ports.http ?? 80}
  tls-port: ${ports.tls}
  directory: ${directory}
  ca-file: ${caFile}
  state: DIR/acme
listen:
${plain}  - {port: ${ports.tls}, host: 127.0.0.1, ssl: {}}
  - {port: PORT, host: 127.0.0.1}
${more}
hosts:
  a.example:
    paths:
      /: {status: ON}
  default:
    paths:
      /: {status: ON}
`;
}
