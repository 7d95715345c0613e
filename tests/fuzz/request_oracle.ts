/**
 * A second implementation of the rules for a request head, with regular expressions: slow, and
 * independent of the codec, so that only the same mistake in both would stay hidden.
 */

/** The parts of a valid head. */
export interface OracleHead {
  /** Bytes up to the end of the head, including leading empty lines. */
  readonly length: number;
  readonly method: string;
  readonly target: string;
  readonly minor: number;
  /** Names and values, in order. */
  readonly fields: readonly (readonly [name: string, value: string])[];
  /** Content-Length, "chunked", or null for no body. */
  readonly framing: number | "chunked" | null;
  readonly keepAlive: boolean;
}

const tchar = "[!#$%&'*+\\-.^_`|~0-9A-Za-z]";
const value = "[\\t\\x20-\\x7e\\x80-\\xff]*";
const headPattern = new RegExp(
  `^(${tchar}+) ([\\x21\\x22\\x24-\\x7e\\x80-\\xff]+) HTTP/1\\.([0-9])\\r\\n((?:${tchar}+:${value}\\r\\n)*)\\r\\n$`,
);
const host = "(?:\\[[0-9a-fA-F:.]+\\]|[-0-9A-Za-z._~!$&'()*+,;=%]*)";
const hostPattern = new RegExp(`^${host}(?::([0-9]*))?$`);
const authority = hostPattern.source.slice(1, -1);
const absolutePattern = new RegExp(`^https?://(?=[^:/?])(?:${authority})(?:[/?].*)?$`, "i");
const connectPattern = new RegExp(`^(?=[^:])${host}:([0-9]+)$`);

/**
 * Judges the head at the start of `stream`: null when it must be refused, "unknown" when no empty
 * line ends it (the codec may then wait or refuse).
 */
export function judgeHead(stream: string, fieldsMax: number): OracleHead | null | "unknown" {
  const emptyLines = /^(?:\r\n){0,4}/.exec(stream)![0].length;
  const text = stream.slice(emptyLines);
  const end = text.indexOf("\r\n\r\n");
  if (end < 0) return "unknown";
  const match = headPattern.exec(text.slice(0, end + 4));
  if (match === null) return null;
  const [, method, target, minorText, lines] = match;
  const fields = lines.split("\r\n").slice(0, -1).map((line) => splitField(line));
  if (fields.length > fieldsMax || !isTarget(method, target)) return null;
  const minor = minorText === "0" ? 0 : 1;
  const hosts = valuesOf(fields, "host");
  if (hosts.length > 1 || (minor === 1 && hosts.length === 0)) return null;
  if (hosts.some((text) => !isHost(text, hostPattern))) return null;
  const framing = judgeFraming(fields, minor);
  if (framing === "refused") return null;
  const options = valuesOf(fields, "connection").join(",").toLowerCase().split(",").map(trim);
  const keepAlive = !options.includes("close") && (minor === 1 || options.includes("keep-alive"));
  return { length: emptyLines + end + 4, method, target, minor, fields, framing, keepAlive };
}

function judgeFraming(
  fields: OracleHead["fields"],
  minor: number,
): OracleHead["framing"] | "refused" {
  const lengths = valuesOf(fields, "content-length");
  const codings = valuesOf(fields, "transfer-encoding");
  if (lengths.length + codings.length > 1) return "refused";
  if (codings.length === 1) {
    return minor === 1 && codings[0].toLowerCase() === "chunked" ? "chunked" : "refused";
  }
  if (lengths.length === 0) return null;
  if (!/^[0-9]+$/.test(lengths[0])) return "refused";
  return BigInt(lengths[0]) > 2n ** 53n - 1n ? "refused" : Number(lengths[0]);
}

function isTarget(method: string, target: string): boolean {
  if (method === "CONNECT") return isHost(target, connectPattern);
  if (target === "*") return method === "OPTIONS";
  if (target.startsWith("/")) return true;
  const port = absolutePattern.exec(target)?.[1];
  return absolutePattern.test(target) && isPort(port) && isUrlHost(target.split(/[/?]/)[2]);
}

function isHost(text: string, pattern: RegExp): boolean {
  const match = pattern.exec(text);
  return match !== null && isPort(match[1]) && (text === "" || isUrlHost(text));
}

/** The URL standard's own parser decides which hosts a request's URL can hold. */
function isUrlHost(authority: string): boolean {
  return URL.canParse(`http://${authority}/`);
}

function isPort(digits: string | undefined): boolean {
  return digits === undefined || Number(digits) <= 65535;
}

function splitField(line: string): [string, string] {
  const colon = line.indexOf(":");
  return [line.slice(0, colon), trim(line.slice(colon + 1))];
}

function trim(text: string): string {
  return text.replace(/^[ \t]+|[ \t]+$/g, "");
}

function valuesOf(fields: OracleHead["fields"], lowerName: string): string[] {
  return fields.filter(([name]) => name.toLowerCase() === lowerName).map(([, text]) => text);
}
