/** The flags of `hayate load`: where connections go, and how. */
import type { OptionSpec } from "../../cli/mod.ts";
import { readProxy } from "../plan/proxy.ts";
import { readConnectTo, readSources } from "./option_values.ts";

const target = "Target";
const tls = "TLS";

export const targetFlags = [
  {
    long: "unix-socket",
    short: "P",
    kind: "string",
    placeholder: "PATH",
    section: target,
    help: "Connect to this unix socket; the URL's host is never looked up.",
  },
  {
    long: "connect-to",
    kind: "parsed",
    parse: readConnectTo,
    placeholder: "HOST:PORT",
    repeat: true,
    section: target,
    help: "Connect to this address instead of the URL's host, or FROMHOST:FROMPORT:HOST:PORT.",
  },
  {
    long: "proxy",
    kind: "parsed",
    parse: readProxy,
    placeholder: "URL",
    section: target,
    help:
      "Go through this HTTP proxy: http://[user:password@]host:port. https by CONNECT, http with " +
      "the whole URL, as curl -x; environment variables are not read. See: hayate help load proxy.",
  },
  {
    long: "proxy-tunnel",
    kind: "flag",
    section: target,
    help: "With --proxy: CONNECT for http URLs, too.",
  },
  {
    long: "urls",
    kind: "string",
    placeholder: "FILE",
    section: target,
    help: "More requests, one URL or METHOD URL a line, sent in turn.",
  },
  {
    long: "urls-random",
    kind: "flag",
    section: target,
    help: "Pick URLs at random instead of in turn.",
  },
  {
    long: "source",
    kind: "parsed",
    parse: readSources,
    placeholder: "ADDR|CIDR",
    repeat: true,
    section: target,
    help: "Local addresses to connect from, in turn; each has its own ephemeral ports.",
  },
  {
    long: "linger0",
    kind: "flag",
    section: target,
    help: "Close by reset, which leaves no TIME_WAIT.",
  },
  {
    long: "insecure",
    short: "k",
    kind: "flag",
    section: tls,
    help: "Accept any certificate.",
  },
  {
    long: "cacert",
    kind: "string",
    placeholder: "FILE",
    section: tls,
    help: "Trusted CA certificates (PEM), instead of the system's.",
  },
  {
    long: "cert",
    kind: "string",
    placeholder: "FILE",
    section: tls,
    help: "Client certificate (PEM), for servers that request one.",
  },
  {
    long: "key",
    kind: "string",
    placeholder: "FILE",
    section: tls,
    help: "Private key of --cert (PEM).",
  },
  {
    long: "sni",
    kind: "string",
    placeholder: "NAME",
    section: tls,
    help: "Server name for SNI and certificate verification, instead of the URL's host.",
  },
  {
    long: "tls-min",
    kind: "enum",
    values: ["TLSv1.2", "TLSv1.3"],
    placeholder: "VERSION",
    section: tls,
    help: "Lowest TLS version to offer.",
  },
  {
    long: "tls-resume",
    kind: "flag",
    negatable: true,
    default: true,
    section: tls,
    help: "Resume sessions; --no-tls-resume makes every handshake a full one.",
  },
] as const satisfies readonly OptionSpec[];
