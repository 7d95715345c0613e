/**
 * Where a remote module lies in a `vendor` folder of Deno ("vendor": true in deno.json). The format is
 * that of the crate deno_cache_dir, whose tests have the cases of ours.
 */
import { sha256 } from "../../../base/sha256.ts";
import { mediaKind } from "./media_kind.ts";

const partCharsMax = 30;
const shownCharsMax = 20;
const forbidden = /[?<>:*|\\"'/]/g;
/** Names of devices on Windows. */
const devices = /^(?:con|prn|aux|nul|com\d|lpt[0-8])$/;
const knownEnd = /\.(?:[jt]sx?|m[jt]s|json|wasm)$/i;

/** The path below the folder. `contentType`: see `mediaKind`. */
export async function vendorPath(url: URL, contentType: string | null): Promise<string> {
  const scheme = url.protocol === "https:" ? "" : `${url.protocol.slice(0, -1)}_`;
  const port = url.port === "" ? "" : `_${url.port}`;
  const segments = url.pathname.slice(1).split("/");
  const last = segments.pop() + url.search;
  const end = `.${extensionOf(url, contentType)}`;
  const folders = segments.map((part) => isFineFolder(part) ? part : shortened(part, ""));
  const file = isFineFile(last, end) ? last : shortened(last, end);
  return [`${scheme}${url.hostname}${port}`, ...await Promise.all([...folders, file])].join("/");
}

function extensionOf(url: URL, contentType: string | null): string {
  const kind = mediaKind(url, contentType);
  const own = /\.([cm](?:js|ts))$/.exec(url.pathname)?.[1];
  return own?.endsWith(kind) ? own : kind;
}

function isFineFolder(part: string): boolean {
  return isFine(part) && !knownEnd.test(part) && !devices.test(part);
}

function isFineFile(part: string, end: string): boolean {
  return isFine(part) && knownEnd.test(part) && part.endsWith(end);
}

/** No capital letters, for file systems that do not tell them apart. */
function isFine(part: string): boolean {
  return part !== "" && part.length <= partCharsMax && !/[A-Z?<>:*|\\"'/]|^#|\.$/.test(part);
}

async function shortened(part: string, end: string): Promise<string> {
  const digest = await sha256(part);
  const name = part.slice(0, shownCharsMax).split("?")[0].toLowerCase().replace(forbidden, "_");
  const shown = end !== "" && name.endsWith(end) ? name.slice(0, -end.length) : name;
  return shown === "" ? `#${digest.slice(0, 7)}${end}` : `#${shown}_${digest.slice(0, 5)}${end}`;
}
