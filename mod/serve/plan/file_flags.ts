/** The flags of static files. */
import type { OptionSpec } from "../../cli/mod.ts";
import { readCache, readOrigin, readSite } from "./site_options.ts";

const files = "Static files";

export const fileFlags = [
  {
    long: "index",
    kind: "string",
    repeat: true,
    placeholder: "NAME",
    defaultText: "index.html",
    section: files,
    help: "Index file of a folder; may be repeated.",
  },
  {
    long: "listing",
    kind: "flag",
    section: files,
    help: "List folders without an index file.",
  },
  {
    long: "outside-links",
    kind: "flag",
    section: files,
    help: "Follow symbolic links that lead out of DIR.",
  },
  {
    long: "dot-files",
    kind: "enum",
    values: ["deny", "allow"],
    default: "deny",
    placeholder: "MODE",
    section: files,
    help: "Names with a leading dot, such as .git and .env. deny: 404, except for /.well-known/; " +
      "allow: serve them.",
  },
  {
    long: "precompressed",
    kind: "flag",
    default: true,
    negatable: true,
    section: files,
    help: "Send .br, .zst and .gz siblings to clients that accept them.",
  },
  {
    long: "compress",
    kind: "flag",
    section: files,
    help: "Compress text and code with br, zstd or gzip where there is no sibling; each file " +
      "once, up to 8 MiB.",
  },
  {
    long: "site",
    kind: "parsed",
    parse: readSite,
    repeat: true,
    placeholder: "HOST=DIR",
    section: files,
    help: "Serve DIR for requests to HOST, or to the hosts below a domain with *.DOMAIN; may " +
      "be repeated. Other hosts get the operand, or 404 without one.",
  },
  {
    long: "spa",
    kind: "flag",
    section: files,
    help: "The index of the root answers paths that have no file and no extension, for clients " +
      "that take HTML: the routes of a single-page application.",
  },
  {
    long: "clean-urls",
    kind: "flag",
    section: files,
    help: "Serve a.html as /a, and redirect /a.html and /a/ to it.",
  },
  {
    long: "rules",
    kind: "flag",
    default: true,
    negatable: true,
    section: files,
    help: "Follow the _redirects and _headers of a root; see hayate help serve sites.",
  },
  {
    long: "cache",
    kind: "parsed",
    parse: readCache,
    repeat: true,
    placeholder: "'GLOB POLICY'",
    section: files,
    help: "Cache-Control of the files that GLOB names: immutable, a time such as 1h, or " +
      "directives such as no-cache; may be repeated, the first match counts.",
  },
  {
    long: "cors",
    kind: "parsed",
    parse: readOrigin,
    repeat: true,
    placeholder: "ORIGIN",
    section: files,
    help: "Let scripts of other origins read the files: * or an origin; may be repeated.",
  },
  {
    long: "security-headers",
    kind: "flag",
    section: files,
    help: "Send nosniff, Referrer-Policy, X-Frame-Options and their like, and HSTS over HTTPS.",
  },
] as const satisfies readonly OptionSpec[];
