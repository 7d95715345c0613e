/**
 * Modules with `https:`, `http:` and `jsr:` names, from where Deno has stored them. Nothing is
 * downloaded. deno.lock says which version a `jsr:` name means, and what a module's bytes were.
 */
import { sha256 } from "../../../base/sha256.ts";
import { getVariable } from "../../../process/environment.ts";
import { dirname } from "../../../std/path.ts";
import {
  denoFolder,
  readCached,
  readJson,
  type ReadText,
  readVendored,
  type StoredModule,
} from "./deno_cache.ts";
import type { MediaKind } from "./media_kind.ts";

/** deno.lock, as far as it is used (versions 4 and 5). */
interface Lock {
  readonly specifiers?: Readonly<Record<string, string>>;
  readonly remote?: Readonly<Record<string, string>>;
}

/** `VERSION_meta.json` of a JSR package. */
interface PackageMeta {
  readonly exports?: Readonly<Record<string, string>>;
}

/** A stored module. `url`: where redirects have led. */
export interface RemoteModule {
  readonly url: string;
  readonly text: string;
  readonly kind: MediaKind;
}

const redirectsMax = 10;

export class RemoteModules {
  readonly #folders: readonly string[];
  readonly #read: ReadText;
  readonly #lock: Lock;
  readonly #lockFolder: string | null;
  readonly #modules = new Map<string, Promise<RemoteModule | string>>();

  /** `configs`: the deno.json files of the app. */
  constructor(configs: readonly string[], read: ReadText) {
    this.#folders = configs.map((path) => dirname(path));
    this.#read = read;
    this.#lockFolder = this.#folders.find((folder) => read(`${folder}/deno.lock`) !== null) ?? null;
    this.#lock = this.#lockFolder === null
      ? {}
      : readJson<Lock>(read(`${this.#lockFolder}/deno.lock`)) ?? {};
  }

  /** A string is the reason why it cannot be had. */
  async get(url: string): Promise<RemoteModule | string> {
    const known = this.#modules.get(url) ?? this.#follow(url);
    this.#modules.set(url, known);
    return await known;
  }

  /** The module that a `jsr:` name means. A string is the reason why it cannot be had. */
  async getJsr(name: string): Promise<RemoteModule | string> {
    const [, owner, wish = "*", path] =
      /^jsr:\/?(@[^/]+\/[^/@]+)(?:@([^/]*))?(?:\/(.*))?$/.exec(name) ?? [];
    if (owner === undefined) return "is not jsr:@SCOPE/NAME";
    const version = this.#lock.specifiers?.[`jsr:${owner}@${wish}`] ??
      (/^\d+\.\d+\.\d+/.test(wish) ? wish : undefined);
    if (version === undefined) {
      return this.#lockFolder === null
        ? "no deno.lock says which version it is"
        : `${this.#lockFolder}/deno.lock does not say which version it is`;
    }
    const base = `${getVariable("JSR_URL")?.replace(/\/$/, "") ?? "https://jsr.io"}/${owner}`;
    const meta = await this.get(`${base}/${version}_meta.json`);
    if (typeof meta === "string") return meta;
    const key = path === undefined ? "." : `./${path}`;
    const target = readJson<PackageMeta>(meta.text)?.exports?.[key];
    if (target === undefined) return `${owner}@${version} does not export "${key}"`;
    return await this.get(new URL(target, `${base}/${version}/`).href);
  }

  async #follow(start: string): Promise<RemoteModule | string> {
    let url = new URL(start);
    for (let i = 0; i < redirectsMax; i++) {
      const stored = await this.#find(url);
      if (stored === null) return missing(url.href);
      if ("text" in stored) {
        const expected = this.#lock.remote?.[url.href];
        if (expected !== undefined && await sha256(stored.text) !== expected) {
          return `what is stored for ${url.href} is not what deno.lock expects`;
        }
        return { url: url.href, ...stored };
      }
      url = new URL(stored.location, url);
    }
    return `${start} redirects more than ${redirectsMax} times`;
  }

  async #find(url: URL): Promise<StoredModule | null> {
    for (const folder of this.#folders) {
      const vendored = await readVendored(`${folder}/vendor`, url, this.#read);
      if (vendored !== null) return vendored;
    }
    const cache = denoFolder();
    return cache === "" ? null : await readCached(cache, url, this.#read);
  }
}

function missing(url: string): string {
  const cache = denoFolder();
  const places = cache === "" ? "a vendor folder" : `a vendor folder or in Deno's cache (${cache})`;
  return `${url} is not in ${places}, and hayate downloads nothing: run deno install --entrypoint ` +
    "with the app";
}
