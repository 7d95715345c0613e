/** Parses /etc/resolv.conf and /etc/hosts as in resolv.conf(5) and hosts(5). Pure. */
import { formatIp, parseIp } from "../../base/ip.ts";

export interface DnsServer {
  /** An IP literal. */
  readonly host: string;
  readonly port: number;
}

/** Settings of DNS queries. */
export interface DnsSettings {
  readonly servers: readonly DnsServer[];
  /** Timeout of one attempt at one server. */
  readonly timeoutMs: number;
  /** Rounds through all servers. */
  readonly attempts: number;
  /** Domains to append to names with fewer than `dotsMin` dots. */
  readonly search: readonly string[];
  readonly dotsMin: number;
}

export const dnsPort = 53;

/** glibc's defaults. */
export const dnsDefaults: DnsSettings = {
  servers: [{ host: "127.0.0.1", port: dnsPort }],
  timeoutMs: 5000,
  attempts: 2,
  search: [],
  dotsMin: 1,
};

/** glibc's upper limits. */
const optionsMax = { timeout: 30, attempts: 5, ndots: 15 } as const;

/** Parses resolv.conf; skips unknown lines and link-local servers (with a zone). */
export function parseResolvConf(text: string): DnsSettings {
  const servers: DnsServer[] = [];
  let { timeoutMs, attempts, search, dotsMin } = dnsDefaults;
  for (const line of text.split("\n")) {
    const [word, ...values] = line.trim().split(/\s+/);
    if (word === "nameserver" && values.length > 0 && parseIp(values[0]) !== null) {
      servers.push({ host: values[0], port: dnsPort });
    } else if (word === "search" || word === "domain") {
      search = values.map((name) => name.replace(/\.$/, "")).filter((name) => name !== "");
    } else if (word === "options") {
      for (const option of values) {
        const match = /^(timeout|attempts|ndots):(\d{1,4})$/.exec(option);
        if (match === null) continue;
        const value = Math.min(Number(match[2]), optionsMax[match[1] as keyof typeof optionsMax]);
        if (match[1] === "ndots") dotsMin = value;
        else if (match[1] === "attempts") attempts = Math.max(1, value);
        else timeoutMs = 1000 * Math.max(1, value);
      }
    }
  }
  return {
    servers: servers.length > 0 ? servers : dnsDefaults.servers,
    timeoutMs,
    attempts,
    search,
    dotsMin,
  };
}

/** The names to look up for `host`, in order. */
export function searchNames(host: string, { search, dotsMin }: DnsSettings): string[] {
  if (host.endsWith(".")) return [host.slice(0, -1)];
  const longer = search.map((domain) => `${host}.${domain}`);
  return host.split(".").length > dotsMin ? [host, ...longer] : [...longer, host];
}

/** The addresses of a name in hosts(5), in file order. */
export function findInHosts(text: string, host: string): string[] {
  const wanted = host.toLowerCase().replace(/\.$/, "");
  const found: string[] = [];
  for (const line of text.split("\n")) {
    const [address, ...names] = line.replace(/#.*/, "").trim().split(/\s+/);
    if (!names.some((name) => name.toLowerCase() === wanted)) continue;
    const bytes = parseIp(address);
    if (bytes !== null) found.push(formatIp(bytes));
  }
  return [...new Set(found)];
}
