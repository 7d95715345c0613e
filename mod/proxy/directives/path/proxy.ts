/** `proxy.*`: the upstream that requests are forwarded to, and how they are forwarded. */
import {
  type ConfigNode,
  isIpLiteral,
  parseUpstreamUrl,
  type Position,
  type UpstreamUrl,
} from "../../../config/mod.ts";
import {
  anyText,
  choice,
  count,
  type Directive,
  duration,
  everywhere,
  itemsOf,
  levels,
  onOff,
  phases,
  readMap,
  readScalar,
  scalar,
  suggestion,
} from "../draft/directive.ts";
import type { LevelDraft } from "../draft/drafts.ts";
import { implicitUpstream, type WeightedUrl } from "../upstream/implicit_upstream.ts";

const reverseUrl: Directive = {
  name: "proxy.reverse.url",
  levels: levels.path,
  phase: phases.handler,
  apply(draft, value, name) {
    const urls: WeightedUrl[] = [];
    let leastConn = false;
    if (value.kind === "mapping") {
      readMap(draft, name, value, {
        backends: (node) => urls.push(...readUrls(draft, `${name}.backends`, node)),
        balancer: (node) => {
          const kind = choice("round-robin", "least-conn");
          leastConn = readScalar(draft, `${name}.balancer`, node, kind) === "least-conn";
        },
      });
    } else {
      urls.push(...readUrls(draft, name, value));
    }
    if (urls.length > 0) addHandler(draft, urls, leastConn, value.at);
    else if (value.kind === "mapping") {
      draft.problem(value.at, `${name}: \`backends\` is missing`);
    }
  },
};

function readUrls(draft: LevelDraft, name: string, value: ConfigNode): WeightedUrl[] {
  const urls: WeightedUrl[] = [];
  for (const item of itemsOf(value)) {
    let url: UpstreamUrl | null = null;
    let weight = 1;
    if (item.kind === "mapping") {
      readMap(draft, name, item, {
        url: (node) => url = readUrl(draft, name, node),
        weight: (node) => weight = readScalar(draft, `${name}.weight`, node, count(1, 256)) ?? 1,
      });
    } else {
      url = readUrl(draft, name, item);
    }
    if (url !== null) urls.push({ url, weight });
  }
  return urls;
}

function readUrl(draft: LevelDraft, name: string, node: ConfigNode): UpstreamUrl | null {
  if (node.kind !== "scalar") {
    draft.problem(node.at, `${name}: the URL cannot be a ${node.kind}`);
    return null;
  }
  const url = parseUpstreamUrl(node.text);
  if (typeof url !== "string") return url;
  const allowed = "http://host[:port]/path or http://[unix:/path]/path";
  draft.problem(node.at, `${name}: found \`${node.text}\`: ${url}; allowed: ${allowed}`);
  return null;
}

function addHandler(
  draft: LevelDraft,
  urls: readonly WeightedUrl[],
  leastConn: boolean,
  at: Position,
): void {
  const [{ url }] = urls;
  const named = urls.map((one) => namedUpstream(draft, one.url, at));
  if (urls.length > 1 && named.some((index) => index !== null)) {
    const { authority } = urls[named.findIndex((index) => index !== null)].url;
    const what = `${authority} is an entry of upstreams and cannot be one of several URLs`;
    draft.problem(at, `proxy.reverse.url: ${what}; allowed: it alone`);
    return;
  }
  const upstream = named[0] ?? implicitUpstream(draft, urls, leastConn, at);
  reportCleartext(draft, upstream, at);
  const handler = {
    kind: "proxy",
    upstream,
    authority: url.authority,
    basePath: url.path,
  } as const;
  const origins = urls.map(({ url: { scheme, authority, path } }) => ({
    ...{ scheme, authority, basePath: path },
  }));
  draft.handlers?.push(isMixed(urls) ? { ...handler, origins } : handler);
}

/** Reports a cleartext setting without the ratio that it needs, as h2o does. */
function reportCleartext(draft: LevelDraft, index: number, at: Position): void {
  const { http2Ratio, http2Cleartext } = draft.settings.proxy;
  const { name, http2 } = draft.plan.upstreams[index];
  if (!(http2.cleartext ?? http2Cleartext) || (http2.ratio ?? http2Ratio) === 100) return;
  const what = `${name}: HTTP/2 without TLS is all or nothing; allowed: proxy.http2.ratio: 100`;
  draft.problem(at, `proxy.http2.force-cleartext: ${what}`);
}

/** True when the URLs differ in scheme, authority or path, so that requests to them differ. */
function isMixed([{ url: first }, ...others]: readonly WeightedUrl[]): boolean {
  return others.some(({ url }) =>
    url.scheme !== first.scheme || url.authority !== first.authority || url.path !== first.path
  );
}

/**
 * Returns the index of the entry of `upstreams` that the URL's host names, or null. Sets the
 * entry's scheme to the URL's.
 */
function namedUpstream(draft: LevelDraft, url: UpstreamUrl, at: Position): number | null {
  if (url.address.kind !== "tcp") return null;
  const { upstreams, namedSchemes } = draft.plan;
  const { host } = url.address;
  const index = upstreams.findIndex((one) => !one.implicit && one.name === host);
  if (index < 0 || url.portGiven) {
    adviseOnName(draft, url, at);
    return null;
  }
  const scheme = namedSchemes.get(index) ?? url.scheme;
  if (scheme !== url.scheme) {
    const what = `${host} is used by http and by https; allowed: one of them for each upstream`;
    draft.problem(at, `proxy.reverse.url: ${what}`);
  }
  namedSchemes.set(index, scheme);
  upstreams[index] = { ...upstreams[index], scheme };
  return index;
}

/** Gives a hint when a host looks like a mistyped upstream. Only a notice: the host may exist. */
function adviseOnName(draft: LevelDraft, { authority, address }: UpstreamUrl, at: Position): void {
  if (address.kind !== "tcp" || isIpLiteral(address.host)) return;
  const { host } = address;
  const names = draft.plan.upstreams.filter((one) => !one.implicit).map(({ name }) => name);
  const say = (what: string) =>
    draft.notice(at, `proxy.reverse.url: ${authority} is looked up as a host name; ${what}`);
  if (names.includes(host)) return say(`the upstream ${host} is meant by ${host} without a port`);
  const hint = suggestion(host, names);
  if (hint !== "") say(`no upstream is named ${host}${hint}`);
}

function milliseconds(name: string, apply: (draft: LevelDraft, value: number) => void): Directive {
  return scalar(name, everywhere, duration(1), apply);
}

function tunnel(name: string): Directive {
  return scalar(name, everywhere, onOff, (draft, value) => {
    draft.settings.proxy.tunnel = value;
  });
}

function http2Streams(name: string): Directive {
  return scalar(name, everywhere, count(1, 65_536), (draft, value) => {
    draft.settings.proxy.http2StreamsMax = value;
  });
}

export const proxyDirectives: readonly Directive[] = [
  reverseUrl,
  scalar("proxy.preserve-host", everywhere, onOff, (draft, value) => {
    draft.settings.proxy.preserveHost = value;
  }),
  milliseconds("proxy.timeout.io", (draft, value) => {
    const { proxy } = draft.settings;
    proxy.ioTimeoutMs = proxy.connectTimeoutMs = proxy.firstByteTimeoutMs = value;
  }),
  milliseconds("proxy.timeout.connect", (draft, value) => {
    draft.settings.proxy.connectTimeoutMs = value;
  }),
  milliseconds("proxy.timeout.first_byte", (draft, value) => {
    draft.settings.proxy.firstByteTimeoutMs = value;
  }),
  milliseconds("proxy.timeout.keepalive", (draft, value) => {
    draft.settings.proxy.keepaliveTimeoutMs = value;
  }),
  tunnel("proxy.websocket"),
  tunnel("proxy.tunnel"),
  milliseconds("proxy.websocket.timeout", (draft, value) => {
    draft.settings.proxy.tunnelTimeoutMs = value;
  }),
  scalar("proxy.ssl.verify-peer", everywhere, onOff, (draft, value) => {
    draft.settings.proxy.tlsVerify = value;
  }),
  scalar("proxy.ssl.cafile", everywhere, anyText, (draft, value) => {
    draft.settings.proxy.tlsCaFile = value;
  }),
  scalar("proxy.http2.ratio", everywhere, count(0, 100), (draft, value) => {
    draft.settings.proxy.http2Ratio = value;
  }),
  http2Streams("proxy.http2.max-concurrent-streams"),
  // Older versions of h2o know this name only.
  http2Streams("proxy.http2.max-concurrent_streams"),
  scalar("proxy.http2.force-cleartext", everywhere, onOff, (draft, value) => {
    draft.settings.proxy.http2Cleartext = value;
  }),
  scalar("proxy.proxy-protocol", everywhere, onOff, (draft, value) => {
    draft.settings.proxy.proxyProtocol = value;
  }),
  scalar("proxy.expect", everywhere, onOff, (draft, _value, at) => {
    draft.notice(at, "proxy.expect: hayate answers Expect: 100-continue itself");
  }),
  scalar(
    "proxy.max-buffer-size",
    everywhere,
    count(0, Number.MAX_SAFE_INTEGER),
    (draft, _value, at) => {
      draft.notice(at, "proxy.max-buffer-size: hayate's buffers are always bounded");
    },
  ),
  scalar("proxy.forward.close-connection", everywhere, onOff, (draft, value, at) => {
    draft.settings.proxy.forwardClose = value;
    if (value) {
      draft.notice(at, "proxy.forward.close-connection: hayate keeps the client's connection");
    }
  }),
];
