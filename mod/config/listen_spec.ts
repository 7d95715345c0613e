/** What to listen on: Server::Starter's `--port` and `--path`, and the entries of PORTS. Pure. */
import type { Address } from "../base/address.ts";
import { parseIp } from "../base/ip.ts";

/** One socket to hold. */
export interface ListenSpec {
  readonly address: Address;
  readonly datagram: boolean;
  /** As in SERVER_STARTER_PORT, without `=FD`. */
  readonly name: string;
  /** The descriptor's number in workers, or null for any. */
  readonly number: number | null;
  /** `proxy` and `serve` speak TLS on it. */
  readonly tls: boolean;
  /** The IPv6 half of an entry of PORTS, which is left out on a host without IPv6. */
  readonly isTwin: boolean;
}

/** Reads a value of `--port`: `P`, `H:P`, `[v6]:P`, each with an optional `=FD`; `uP` is UDP. */
export function readPortSpec(text: string): ListenSpec | string {
  const plain = /^\s*(u?)(\d+)(?:\s*=(\d+))?\s*$/.exec(text);
  if (plain !== null) {
    const [, udp, port, number] = plain;
    return tcpSpec("0.0.0.0", port, port, udp, number, text);
  }
  const full = /^\s*\[?\s*([^\]]*?)\s*\]?\s*:\s*(u?)(\d+)(?:\s*=(\d+))?\s*$/.exec(text);
  if (full === null) return invalid(text);
  const [, host, udp, port, number] = full;
  if (host === "" || host === "*") {
    return `invalid port ${text}: give an address, or the port alone for 0.0.0.0`;
  }
  if (host.includes(":") && parseIp(host) === null) {
    return `invalid port ${text}: ${host} is not an IPv6 address`;
  }
  const name = host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
  return tcpSpec(host, port, name, udp, number, text);
}

function tcpSpec(
  host: string,
  port: string,
  name: string,
  udp: string,
  number: string | undefined,
  text: string,
): ListenSpec | string {
  if (Number(port) > 65535) return `invalid port ${text}: allowed are 0 to 65535`;
  return {
    address: { kind: "tcp", host, port: Number(port) },
    datagram: udp !== "",
    name,
    number: number === undefined ? null : Number(number),
    tls: false,
    isTwin: false,
  };
}

function invalid(text: string): string {
  return `invalid port ${text}: allowed are PORT, HOST:PORT and [IPV6]:PORT, each with an optional =FD`;
}

/** A value of `--path`. */
export function pathSpec(path: string): ListenSpec {
  const address = { kind: "unix", path } as const;
  return { address, datagram: false, name: path, number: null, tls: false, isTwin: false };
}

/**
 * The entries of PORTS: ports, `host:port`, `[v6]:port` and paths, separated by blanks. An entry that
 * ends in `/tls`, or whose port ends in 443, speaks TLS. `bothFamilies`: a bare port means IPv6, too,
 * with a socket of its own.
 */
export function readPorts(text: string, bothFamilies: boolean): readonly (ListenSpec | string)[] {
  const specs = readEntries(text);
  if (!bothFamilies) return specs;
  const taken = new Set(specs.map((spec) => typeof spec === "string" ? "" : spec.name));
  return specs.flatMap((spec) => {
    if (
      typeof spec === "string" || !/^\d+$/.test(spec.name) || spec.number !== null || spec.datagram
    ) {
      return [spec];
    }
    const twin = twinOf(spec);
    return taken.has(twin.name) ? [spec] : [spec, twin];
  });
}

function twinOf(spec: ListenSpec): ListenSpec {
  const port = Number(spec.name);
  return {
    ...spec,
    address: { kind: "tcp", host: "::", port },
    name: `[::]:${port}`,
    isTwin: true,
  };
}

function readEntries(text: string): (ListenSpec | string)[] {
  return text.split(/\s+/).filter((entry) => entry !== "").map((entry) => {
    const bare = entry.replace(/\/tls$/, "");
    const spec = bare.startsWith("/") ? pathSpec(bare) : readPortSpec(bare);
    if (typeof spec === "string") return spec;
    return { ...spec, tls: bare !== entry || isTlsPort(spec.address) };
  });
}

/** Its last digits say that TLS is spoken there: 443, 8443, 10443. */
export function isTlsPort(address: Address): boolean {
  return address.kind === "tcp" && /443$/.test(String(address.port));
}

/** What to listen on where neither a flag nor a variable says so. */
export const portsDefault = "80 443";

/** The variable that says what to listen on: PORTS, or h2o's H2O_PORT; null: neither is set. */
export function portsVariable(
  variable: (name: string) => string | undefined,
): { name: string; text: string } | null {
  for (const name of ["PORTS", "H2O_PORT"]) {
    const text = variable(name);
    if (text !== undefined) return { name, text };
  }
  return null;
}

/** `PORTS=""` is most likely a mistake, as in `-e PORTS="$PORTS"` with PORTS unset. null: it is not. */
export function emptyPortsFault({ name, text }: { name: string; text: string }): string | null {
  if (text.trim() !== "") return null;
  return `${name} is empty: set it to what to listen on, such as ${name}="${portsDefault}", or unset ` +
    "it";
}
