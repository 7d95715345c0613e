/** Linked apps on disk: the second start of an app needs no linker. */
import { count, readShaped, record, text } from "../../base/shape.ts";
import { version } from "../../base/version.ts";
import { removeIfThere } from "../../process/files/if_there.ts";
import { stampOf } from "../../process/files/file_stamp.ts";
import { crc32 } from "../../std/checksum.ts";
import { dirname } from "../../std/path.ts";
import { esbuildVersion } from "../esbuild/version.ts";
import type { LinkedApp, LinkOptions } from "../linker/link.ts";
import { readCacheFile, writeCacheFile } from "./cache_file.ts";
import { openCacheFolder } from "../../process/files/cache_folder.ts";
import { areUnchanged, type Source, SourceRecorder, sourcesShape } from "./sources.ts";

/** Beyond this many files the oldest are removed: an app is one file. */
const filesMax = 100;

interface Header {
  /** See `keyOf`. */
  readonly key: string;
  readonly codeBytes: number;
  readonly sources: readonly Source[];
}

const headerShape = record<Header>({ key: text, codeBytes: count, sources: sourcesShape });

/** An app, and what it was linked from. */
export interface KnownApp extends LinkedApp {
  readonly sources: readonly Source[];
}

/**
 * Links an app as `link` does, or takes it from the cache when nothing that it consists of has
 * changed. `variant` tells links with different options apart. Throws `StartError`.
 */
export async function linkCached(
  entry: string,
  shown: string,
  options: LinkOptions = {},
  variant = "",
): Promise<KnownApp> {
  const folder = openCacheFolder("apps");
  const key = keyOf(entry, variant);
  // Another app with the same checksum takes its place; the header tells them apart.
  const path = folder === null ? null : `${folder}/${crc32(key)}`;
  const known = path === null ? null : readKnown(path, key);
  if (known !== null && await areUnchanged(known.sources)) return known;
  const { link } = await import("../linker/link.ts");
  const recorder = new SourceRecorder();
  const app = await link(entry, shown, { ...options, read: recorder.read });
  recorder.note(placesOf(app));
  const sources = await recorder.sources();
  if (folder !== null && path !== null) {
    const header: Header = { key, codeBytes: app.code.length, sources };
    const body = new Uint8Array(app.code.length + app.map.length);
    body.set(app.code);
    body.set(app.map, app.code.length);
    writeCacheFile(path, { header: JSON.stringify(header), body });
    removeOldest(folder);
  }
  return { ...app, sources };
}

/** Another program or other options: another linked app. */
function keyOf(entry: string, variant: string): string {
  const program = stampOf([Deno.execPath()]);
  return [version, esbuildVersion, program, entry, variant].join("\0");
}

function readKnown(path: string, key: string): KnownApp | null {
  const file = readCacheFile(path);
  if (file === null) return null;
  const read = readShaped<Header>(file.header, headerShape, "the header");
  if (typeof read === "string" || read.value.key !== key) return null;
  const { codeBytes, sources } = read.value;
  return {
    code: file.body.subarray(0, codeBytes),
    map: file.body.subarray(codeBytes),
    modules: [],
    settings: [],
    sources,
  };
}

/** Folders in which another file could be found instead, and settings that may appear. */
function placesOf({ modules, settings }: LinkedApp): string[] {
  const places = new Set(settings);
  for (const module of modules) {
    const [own] = module.split("/node_modules/");
    if (own !== module) {
      places.add(module.slice(0, module.lastIndexOf("/node_modules/")) + "/node_modules");
      continue;
    }
    places.add(dirname(module));
    for (let at = dirname(module);; at = dirname(at)) {
      for (const name of settingNames) places.add(`${at}/${name}`);
      if (at === dirname(at)) break;
    }
  }
  return [...places];
}

const settingNames = [
  ...["deno.json", "deno.jsonc", "package.json", "tsconfig.json", "jsconfig.json", "node_modules"],
];

function removeOldest(folder: string): void {
  const files = Array.from(Deno.readDirSync(folder), ({ name }) => `${folder}/${name}`);
  if (files.length <= filesMax) return;
  const byAge = files.map((path) => ({ path, time: timeOf(path) })).sort((a, b) => a.time - b.time);
  for (const { path } of byAge.slice(0, files.length - filesMax)) removeIfThere(path);
}

function timeOf(path: string): number {
  try {
    return Deno.statSync(path).mtime?.getTime() ?? 0;
  } catch (error) {
    // Another process tidies up at the same time.
    if (error instanceof Deno.errors.NotFound) return 0;
    throw error;
  }
}
