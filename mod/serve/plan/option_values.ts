/** Parsers for the values of `hayate serve`'s flags. */
import { type IpRange, parseIpRange } from "../../base/ip_ranges.ts";
import type { PeerSetPlan } from "../../base/peer_set.ts";
import { Wrong } from "../../cli/mod.ts";
import { isIpLiteral, parseHostAddress } from "../../config/addresses.ts";
import { compileAccessFormat, parseLogTarget } from "../../log/mod.ts";
import { cpuMax, parseCpuList } from "../../process/cpus.ts";

export function readHost(text: string): string | Wrong {
  const host = text.replace(/^\[(.*)\]$/, "$1");
  if (host === "localhost") return "127.0.0.1";
  return isIpLiteral(host) ? host : new Wrong("not an IP address");
}

/** What `--port` means; a null host is that of `--host`. */
export interface PortOption {
  readonly host: string | null;
  readonly port: number;
  /** With `/tls`. */
  readonly tls: boolean;
}

/** Same syntax as an entry of PORTS. */
export function readPort(text: string): PortOption | Wrong {
  const bare = text.replace(/\/tls$/, "");
  const address = parseHostAddress(bare, null);
  if (address === null || address.kind === "unix") {
    return new Wrong("not a port from 0 to 65535 or HOST:PORT");
  }
  const host = address.host === "" ? null : readHost(address.host);
  return host instanceof Wrong ? host : { host, port: address.port, tls: bare !== text };
}

export function readMode(text: string): number | Wrong {
  return /^0?[0-7]{3}$/.test(text)
    ? parseInt(text, 8)
    : new Wrong("not an octal mode such as 0660");
}

export function readWorkers(text: string): number | "auto" | Wrong {
  if (text === "auto") return "auto";
  const count = Number(text);
  if (/^\d+$/.test(text) && count >= 1 && count <= 1024) return count;
  return new Wrong("not a number from 1 to 1024, or auto");
}

export function readCpus(text: string): readonly number[] | "auto" | Wrong {
  if (text === "auto") return "auto";
  return parseCpuList(text) ??
    new Wrong(`not a list of CPUs from 0 to ${cpuMax} such as 0-3,6, or auto`);
}

export function readLogTarget(text: string): string | Wrong {
  return firstWrong(() => parseLogTarget(text)) ?? text;
}

export function readFormat(text: string): string | Wrong {
  return firstWrong(() => compileAccessFormat(text)) ?? text;
}

/** Addresses, blocks and `unix:`, separated by commas. */
export function readPeers(text: string): PeerSetPlan | Wrong {
  const words = text.split(",").map((word) => word.trim());
  const ranges = words.filter((word) => word !== "unix:").map(parseIpRange);
  const wrong = words.find((word) => word !== "unix:" && parseIpRange(word) === null);
  if (wrong !== undefined) {
    return new Wrong(
      `${wrong === "" ? "an empty entry" : wrong} is not an IP address, a block ` +
        "such as 10.0.0.0/8, or unix:",
    );
  }
  return { ranges: ranges as IpRange[], unix: words.includes("unix:") };
}

export function readAddress(text: string) {
  return parseHostAddress(text, null) ?? new Wrong("not HOST:PORT or an absolute path");
}

function firstWrong(read: () => unknown): Wrong | null {
  try {
    read();
    return null;
  } catch (error) {
    if (error instanceof RangeError) return new Wrong(error.message);
    throw error;
  }
}
