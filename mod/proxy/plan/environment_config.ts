/** The h2o.conf that UPSTREAM and its companions mean: a complete edge without a file. Pure. */
import { readDomains } from "../../acme/core/domains.ts";
import { stateInMemory } from "../../acme/core/settings.ts";
import { exitCodes, StartError } from "../../base/errors.ts";
import { isIpLiteral, parseHostAddress } from "../../config/addresses.ts";
import { portsDefault, portsVariable, readPorts } from "../../config/listen_spec.ts";

/** What stands for the file's name in messages. */
export const environmentName = "environment";

/** Addressed to the proxy: programs that it starts do not get them. */
export const environmentVariables = ["UPSTREAM", "UPSTREAM_CHECK", "ACCESS_LOG"] as const;

type Variable = (name: string) => string | undefined;

/** Which parts the text has. */
export interface EnvironmentParts {
  /** False where a supervisor holds the sockets, and their certificates with them. */
  readonly withListen: boolean;
  /** A configuration file that is there, too; null: none. */
  readonly file: string | null;
}

/** null: UPSTREAM is not set. Throws `StartError` with all faults. */
export function environmentConfig(variable: Variable, parts: EnvironmentParts): string | null {
  const given = environmentVariables.filter((name) => (variable(name) ?? "") !== "");
  if (given.length === 0) return null;
  const misuse = misuseOf(given, parts);
  if (misuse !== null) throw new StartError(misuse, exitCodes.config);
  const faults: string[] = [];
  const lines = [
    ...userLines(variable),
    ...(parts.withListen ? listenLines(variable, faults) : []),
    ...logLines(variable("ACCESS_LOG") ?? ""),
    ...upstreamLines(variable, faults),
    ...hostLines(variable),
  ];
  if (faults.length > 0) throw new StartError(faults.join("\n"), exitCodes.config);
  return `${lines.join("\n")}\n`;
}

function misuseOf(given: readonly string[], { file }: EnvironmentParts): string | null {
  const names = given.join(", ");
  if (file !== null) return `${names}: cannot be used beside ${file}; use one or the other`;
  return given.includes("UPSTREAM") ? null : `${names}: needs UPSTREAM, the servers to forward to`;
}

function listenLines(variable: Variable, faults: string[]): string[] {
  const { name, text } = portsVariable(variable) ?? { name: "PORTS", text: portsDefault };
  const lines: string[] = [];
  let hasTls = false;
  for (const spec of readPorts(text, false)) {
    if (typeof spec === "string") faults.push(`${name}: ${spec}`);
    else if (spec.address.kind === "unix") {
      lines.push("listen:", `  port: ${quoted(spec.name)}`, "  type: unix");
    } else {
      const { host, port } = spec.address;
      const isBare = spec.name === String(port);
      lines.push("listen:", `  port: ${port}`, ...(isBare ? [] : [`  host: ${quoted(host)}`]));
    }
    if (typeof spec === "string" || !spec.tls) continue;
    hasTls = true;
    lines.push(...tlsLines(variable, spec.name, faults));
  }
  return [...lines, ...(hasTls ? acmeLines(variable, faults) : [])];
}

/** Also where a flag says it: the text is what would run. */
function userLines(variable: Variable): string[] {
  const user = variable("HAYATE_USER") ?? "";
  return user === "" ? [] : [`user: ${quoted(user)}`];
}

function tlsLines(variable: Variable, socket: string, faults: string[]): string[] {
  const [certificate, key] = [variable("HAYATE_CERT") ?? "", variable("HAYATE_KEY") ?? ""];
  if (certificate !== "" && key !== "") {
    const files = `certificate-file: ${quoted(certificate)}, key-file: ${quoted(key)}`;
    return [`  ssl: {${files}}`];
  }
  if ((variable("TLS_DOMAIN") ?? "") !== "") return ["  ssl: {}"];
  faults.push(
    `${socket}: speaks TLS, and needs TLS_DOMAIN, or HAYATE_CERT and HAYATE_KEY (hayate supervise ` +
      "makes a self-signed pair)",
  );
  return [];
}

function acmeLines(variable: Variable, faults: string[]): string[] {
  const { names, fault } = readDomains(variable("TLS_DOMAIN") ?? "");
  if (fault !== null) faults.push(`TLS_DOMAIN: ${fault}`);
  if (names.length === 0) return [];
  const settings = ([
    ["email", "ACME_EMAIL"],
    ["directory", "ACME_DIRECTORY"],
    ["ca-file", "ACME_CA_FILE"],
    ["state", "ACME_STATE"],
  ] as const).flatMap(([directive, name]) => {
    const value = variable(name) ?? "";
    if (value === "") return [];
    return [`  ${directive}: ${value === stateInMemory ? value : quoted(value)}`];
  });
  return ["acme:", "  accept-tos: YES", ...settings];
}

function logLines(target: string): string[] {
  return target === "" ? [] : [`access-log: ${quoted(target)}`];
}

function upstreamLines(variable: Variable, faults: string[]): string[] {
  const servers = (variable("UPSTREAM") ?? "").split(/[\s,]+/).filter((word) => word !== "");
  const lines = servers.map((server) => `      - ${quoted(serverOf(server, faults))}`);
  return [
    "upstreams:",
    "  app:",
    "    servers:",
    ...lines,
    ...checkLines(variable("UPSTREAM_CHECK") ?? "", faults),
  ];
}

/** A name is looked up again and again: containers of a service come and go. */
function serverOf(word: string, faults: string[]): string {
  const address = parseHostAddress(word, 80);
  if (address === null || (address.kind === "tcp" && address.host === "")) {
    faults.push(
      `UPSTREAM: ${word}: not a server; allowed are host:port, [ipv6]:port and unix:/path, ` +
        "separated by blanks or commas",
    );
    return word;
  }
  if (address.kind === "unix") return `unix:${address.path}`;
  return isIpLiteral(address.host) ? word : `${word} resolve`;
}

/** Faster than Tengine's defaults: a deploy of containers takes seconds. */
const checkTimes = "interval=2000 rise=1 fall=3 timeout=1000";

function checkLines(check: string, faults: string[]): string[] {
  if (check === "") return [];
  if (check === "tcp") return [`    check: ${checkTimes} type=tcp`];
  if (!/^\/[!-~]*$/.test(check)) {
    faults.push(`UPSTREAM_CHECK: ${check}: not a path such as /health, and not tcp`);
  }
  const request = `GET ${check} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`;
  return [
    `    check: ${checkTimes} type=http`,
    `    check_http_send: ${quoted(request)}`,
    "    check_http_expect_alive: http_2xx http_3xx",
  ];
}

/** The names of TLS_DOMAIN are hosts, since certificates are ordered for hosts. */
function hostLines(variable: Variable): string[] {
  const { names } = readDomains(variable("TLS_DOMAIN") ?? "");
  return [
    "hosts:",
    ...["default", ...names.map(quoted)].flatMap((name) => [
      `  ${name}:`,
      "    paths:",
      "      /:",
      "        proxy.reverse.url: http://app/",
      "        proxy.preserve-host: ON",
    ]),
  ];
}

/** JSON's strings are YAML's. */
function quoted(text: string): string {
  return JSON.stringify(text);
}
