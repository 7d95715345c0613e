/** Settings of a file of --plan: the flags of `hayate load`, by their long names. */
import { question } from "../../base/nearest.ts";
import type { OptionSpec } from "../../cli/mod.ts";
import type { ConfigNode, ConfigPair, Problems } from "../../config/mod.ts";
import { loadTable } from "../options/flags.ts";

/** Of the whole file, or without a sense in it. */
const excluded = new Set([
  ...["plan", "resume", "json", "html", "csv", "hdr", "timeseries", "quiet", "show-secrets"],
  ...["start-at", "find-rate", "from", "to", "live", "metrics", "on"],
]);
/** Settings that are no flags: the URLs, the path of all of them, the words after `--`. */
const ownKeys = ["url", "path", "args"];

/** The settings of one run, by name; a list is a flag that is given several times. */
export type Settings = ReadonlyMap<string, Setting>;

export interface Setting {
  readonly pair: ConfigPair;
  readonly texts: readonly string[];
}

/** Reads the pairs of a mapping; those of `skipped` belong to others. */
export function readSettings(
  pairs: readonly ConfigPair[],
  problems: Problems,
  skipped: readonly string[] = [],
): Settings {
  const settings = new Map<string, Setting>();
  for (const pair of pairs) {
    const { key, value } = pair;
    if (skipped.includes(key.text)) continue;
    const fault = keyFault(key.text) ??
      (settings.has(key.text) ? `${key.text} is there twice` : null);
    const texts = textsOf(value);
    if (fault !== null) problems.add(key.at, fault);
    else if (texts === null) {
      problems.add(value.at, `${key.text}: expected a value, or a list of them`);
    } else settings.set(key.text, { pair, texts });
  }
  return settings;
}

function keyFault(name: string): string | null {
  if (ownKeys.includes(name)) return null;
  if (excluded.has(name)) return `${name} is not a setting of a run`;
  if (specOf(name) !== undefined) return null;
  const names = [...ownKeys, ...loadTable.options.map(({ long }) => long)];
  return `unknown setting: ${name}${question(name, names, "")}`;
}

function specOf(name: string): OptionSpec | undefined {
  const options: readonly OptionSpec[] = loadTable.options;
  return options.find(({ long, aliases }) => long === name || aliases?.includes(name));
}

function textsOf(value: ConfigNode): string[] | null {
  if (value.kind === "scalar") return [value.text];
  if (value.kind === "mapping") return null;
  const texts = value.items.map((item) => item.kind === "scalar" ? item.text : null);
  return texts.includes(null) ? null : texts as string[];
}

/** The words of a command line; a text says what is wrong, by the setting's name. */
export function argvOf(settings: Settings): string[] | { name: string; fault: string } {
  const words: string[] = [];
  for (const [name, { texts }] of settings) {
    if (ownKeys.includes(name)) continue;
    const spec = specOf(name)!;
    if (spec.kind !== "flag") {
      if (texts.length > 1 && !spec.repeat) return { name, fault: "it can have one value only" };
      words.push(...texts.map((text) => `--${name}=${text}`));
      continue;
    }
    const isSet = texts.length === 1 ? readSwitch(texts[0]) : null;
    if (isSet === null) return { name, fault: "expected true or false" };
    if (isSet) words.push(`--${name}`);
    else if (spec.negatable) words.push(`--no-${name}`);
  }
  const path = settings.get("path")?.texts;
  if (path !== undefined && path.length !== 1) {
    return { name: "path", fault: "it can have one value only" };
  }
  for (const url of settings.get("url")?.texts ?? []) {
    words.push(path === undefined ? url : withPath(url, path[0]));
  }
  const args = settings.get("args")?.texts ?? [];
  return args.length === 0 ? words : [...words, "--", ...args];
}

function readSwitch(text: string): boolean | null {
  if (/^(true|yes|on|)$/i.test(text)) return true;
  return /^(false|no|off)$/i.test(text) ? false : null;
}

/** The URL with another path; a unix socket's own path stays. */
function withPath(url: string, path: string): string {
  const [place] = /^(?:[a-z][a-z0-9+.-]*:\/\/)?(?:unix:[^:]*:?|\[[^\]]*\][^/?#]*|[^/?#]*)/i.exec(
    url,
  )!;
  return `${place}${path.startsWith("/") ? "" : "/"}${path}`;
}
