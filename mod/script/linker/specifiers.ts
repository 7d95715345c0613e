/** What an import's name stands for, where esbuild's rules (those of Node) do not say. */
import type { Mapping } from "./deno_config.ts";

/** Where to look next for what was asked for. */
export type Target =
  /** A module of the runtime. */
  | { readonly kind: "builtin"; readonly name: string }
  | { readonly kind: "file"; readonly path: string }
  /** `name` with sub-path, to be looked up in node_modules; `asked` is what the user wrote. */
  | { readonly kind: "package"; readonly name: string; readonly asked: string }
  | { readonly kind: "remote"; readonly url: string };

/** Modules that Node has without `node:`, https://nodejs.org/api/modules.html#built-in-modules. */
const builtins = [
  ...["assert", "assert/strict", "async_hooks", "buffer", "child_process", "cluster", "console"],
  ...["constants", "crypto", "dgram", "diagnostics_channel", "dns", "dns/promises", "domain"],
  ...["events", "fs", "fs/promises", "http", "http2", "https", "inspector", "inspector/promises"],
  ...["module", "net", "os", "path", "path/posix", "path/win32", "perf_hooks", "process"],
  ...["punycode", "querystring", "readline", "readline/promises", "repl", "stream"],
  ...["stream/consumers", "stream/promises", "stream/web", "string_decoder", "sys", "timers"],
  ...["timers/promises", "tls", "trace_events", "tty", "url", "util", "util/types", "v8", "vm"],
  ...["wasi", "worker_threads", "zlib"],
];

/** A regular expression (RE2) for all names that `resolve` answers. */
export function resolvedNames(mappings: readonly Mapping[]): string {
  const mapped = mappings.map(({ from }) => escape(from) + (from.endsWith("/") ? "" : "$"));
  // A relative name may lead to a URL that a mapping names.
  const relative = mappings.some(({ from }) => from.startsWith("file:")) ? ["\\.{0,2}/"] : [];
  const plain = builtins.map((name) => `${escape(name)}$`);
  return `^(?:${["[a-z]+:", ...relative, ...plain, ...mapped].join("|")})`;
}

/** What `name` stands for in the module `importer` (a URL), or null: what it says. */
export function resolve(
  name: string,
  importer: string,
  mappings: readonly Mapping[],
): Target | null {
  const mapped = applyMappings(name, importer, mappings);
  const text = mapped ?? name;
  if (text.startsWith("node:")) return { kind: "builtin", name: text };
  if (builtins.includes(text)) return { kind: "builtin", name: `node:${text}` };
  if (text.startsWith("file:")) {
    return { kind: "file", path: decodeURIComponent(new URL(text).pathname) };
  }
  if (text.startsWith("npm:")) return { kind: "package", name: npmName(text), asked: text };
  if (text.startsWith("jsr:")) return { kind: "package", name: jsrName(text), asked: text };
  if (/^https?:/.test(text)) return { kind: "remote", url: text };
  return mapped === null ? null : { kind: "package", name: mapped, asked: mapped };
}

function applyMappings(
  name: string,
  importer: string,
  mappings: readonly Mapping[],
): string | null {
  // Packages have names of their own (and scopes for them are Deno's to honour, not Node's).
  if (importer.includes("/node_modules/")) return null;
  const full = /^\.{0,2}\//.test(name) ? new URL(name, importer).href : name;
  for (const { from, to, scope } of mappings) {
    if (!importer.startsWith(scope)) continue;
    if (full === from) return to;
    if (from.endsWith("/") && full.startsWith(from)) return to + full.slice(from.length);
  }
  return null;
}

/** `npm:@scope/name@^1.2/sub` is `@scope/name/sub`. */
function npmName(text: string): string {
  const [, name, path] = /^npm:\/?((?:@[^/@]+\/)?[^/@]+)(?:@[^/]*)?(\/.*)?$/.exec(text) ?? [];
  return name === undefined ? text.slice("npm:".length) : name + (path ?? "");
}

/** `jsr:@scope/name@1/sub` is `@jsr/scope__name/sub`, the name that JSR has in node_modules. */
function jsrName(text: string): string {
  const [, scope, name, path] = /^jsr:\/?@([^/]+)\/([^/@]+)(?:@[^/]*)?(\/.*)?$/.exec(text) ?? [];
  return scope === undefined ? text.slice("jsr:".length) : `@jsr/${scope}__${name}${path ?? ""}`;
}

function escape(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&");
}
