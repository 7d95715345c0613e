/** Clients that speak HTTP/2: with prior knowledge, or by ALPN over TLS. */
import type { ClientSpec, Target } from "../comparison.ts";
import { targetArgs, variedScript } from "./hayate_load.ts";

/** What a browser sends with each request. */
const fields = [
  "user-agent: Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0",
  "accept: text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
  "accept-language: en-US,en;q=0.5",
  "cookie: session=0123456789abcdef; theme=dark",
] as const;
const fieldFlags = fields.flatMap((line) => ["-H", line]);

/** `m` requests at once on each connection, whose heads are all the same. */
export function h2load(m: number, ...flags: readonly string[]): ClientSpec {
  return {
    name: `h2load -m${m}${flags.length === 0 ? "" : ` ${flags.join(" ")}`}`,
    program: "h2load",
    transports: ["tcp"],
    args: (target, connections, seconds) => [
      ...["-t1", `-c${connections}`, `-m${m}`, `-D${seconds}`],
      ...[...flags, ...fieldFlags, urlOf(target)],
    ],
  };
}

/** Bodies of this many bytes, of which there are about `perSecond` in a second. */
export interface Transfer {
  readonly bytes: number;
  readonly perSecond: number;
}

/**
 * Downloads, one at a time on each connection. A number of them and not a duration, because a body
 * that is under way at the end would count for nothing; windows of 1 GB, so that the servers' own
 * speed counts.
 */
export function h2loadDownload({ perSecond }: Transfer): ClientSpec {
  return {
    ...h2load(1),
    name: "h2load -w30 -W30",
    args: (target, connections, seconds) => [
      ...["-t1", `-c${connections}`, "-m1", `-n${perSecond * seconds}`, "-w30", "-W30"],
      ...[...fieldFlags, urlOf(target)],
    ],
  };
}

/** Uploads in the same way. */
export function h2loadUpload({ bytes, perSecond }: Transfer): ClientSpec {
  return {
    ...h2load(1),
    name: "h2load -d",
    files: { [`upload-${bytes}`]: "x".repeat(bytes) },
    args: (target, connections, seconds) => [
      ...["-t1", `-c${connections}`, "-m1", `-n${perSecond * seconds}`],
      ...["-d", `${target.folder}/upload-${bytes}`, ...fieldFlags, urlOf(target)],
    ],
  };
}

/** The same requests over HTTP/1.1, one at a time on each connection. */
export const h2loadHttp1: ClientSpec = { ...h2load(1, "--h1"), name: "h2load --h1" };

export function loadHttp2(m: number): ClientSpec {
  return client(`hayate load --http2 -m${m}`, m, fieldFlags);
}

/** A thousand paths and cookies in turn, and user agents of 500 bytes. */
export function loadVaried(m: number): ClientSpec {
  return client(`hayate load --http2 -m${m}, varied heads`, m, ["-s", variedScript]);
}

function client(name: string, m: number, flags: readonly string[]): ClientSpec {
  const common = ["load", "--http2", "-t1", ...flags];
  return {
    name,
    program: "hayate",
    transports: ["tcp"],
    args: (target, connections, seconds) => [
      ...[...common, `-c${connections}`, `-m${m}`, `-d${seconds}s`],
      ...targetArgs(target),
    ],
    startArgs: (target) => [...common, "-c1", "-n1", ...targetArgs(target)],
  };
}

function urlOf({ address, isTls }: Target): string {
  if (address.kind === "unix") throw new TypeError("Cannot load a unix socket with h2load");
  return `${isTls ? "https" : "http"}://${address.host}:${address.port}/`;
}
