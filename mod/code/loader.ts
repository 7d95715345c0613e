/**
 * Loads the program's own code in place of Deno's loader, whose only caches of what V8 has compiled
 * are files in a shared temporary folder.
 *
 * Chunks are functions of `require`, of `load` in place of `import()`, and of the module's URL. They
 * return their exports.
 */
import { Script } from "node:vm";
import { builtAppMark, ownFile, startsWith } from "./executable_file.ts";
import { PackReader, release } from "./code_pack.ts";

type Exports = Record<string, unknown>;
type Chunk = (
  require: (name: string) => Exports,
  load: (name: string) => Promise<Exports>,
  url: string,
) => Exports | undefined;

/** Gets each group and chunk that is loaded. The build records them. */
export interface Observer {
  onGroup(key: string, script: Script): void;
  onChunk(name: string): void;
}

/** Group of a thread of `load`. */
export const threadRole = "load thread";

/** The role of this process by its arguments; "" if it is none that has a group. */
export function roleOf(pack: PackReader, firstArgument: string | undefined): string {
  if (firstArgument !== undefined && Object.hasOwn(pack.groups, firstArgument)) {
    return firstArgument === threadRole ? "" : firstArgument;
  }
  return startsWith(pack.bytesBehind(builtAppMark.length), builtAppMark) ? "serve" : "";
}

/** The code of this program. Throws if the executable has none. */
export function openOwnPack(): PackReader {
  const pack = PackReader.open(ownFile());
  if (pack === null) throw new Error(`${Deno.execPath()} is damaged: install it again`);
  return pack;
}

export class Loader {
  readonly #pack: PackReader;
  /** URL of the folder in which the modules seem to be. */
  readonly #base: string;
  readonly #observer: Observer | null;
  readonly #chunks: Record<string, Chunk> = Object.create(null);
  readonly #loaded: Record<string, Exports> = Object.create(null);

  constructor(pack: PackReader, base: string, observer: Observer | null = null) {
    this.#pack = pack;
    this.#base = base;
    this.#observer = observer;
  }

  /**
   * Takes over the chunks of a group at once, without running them; returns their names. `key`: a role,
   * or the first chunk of a part.
   */
  loadGroup(key: string): readonly string[] {
    if (!Object.hasOwn(this.#pack.groups, key)) return [];
    const { texts, cache } = this.#pack.groups[key];
    const source = this.#pack.script(texts);
    const cachedData = cache === null ? undefined : this.#pack.bytes(cache);
    // V8 checks that the cache is of its own version and flags; else it compiles the source.
    const script = new Script(source, { filename: `${this.#base}${key}.js`, cachedData });
    if (cachedData !== undefined) release(cachedData);
    const chunks: Record<string, Chunk> = script.runInThisContext();
    Object.assign(this.#chunks, chunks);
    this.#observer?.onGroup(key, script);
    return Object.keys(chunks);
  }

  /** Runs a chunk, once; one of `node:` is Deno's. */
  require = (name: string): Exports => {
    const loaded = this.#loaded[name];
    if (loaded !== undefined) return loaded;
    if (name.startsWith("node:")) return this.#loaded[name] = builtin(name);
    const chunk = this.#chunks[name] ?? this.#late(name);
    const exports = chunk(this.require, this.load, this.#base + name) ?? {};
    this.#observer?.onChunk(name);
    return this.#loaded[name] = exports;
  };

  // Async, so that a failure is a rejection as it is with import().
  // deno-lint-ignore require-await
  load = async (name: string): Promise<Exports> => this.require(name);

  /** A chunk that is in no group so far: with its part, or else by itself. */
  #late(name: string): Chunk {
    this.loadGroup(name);
    return this.#chunks[name] ?? this.#single(name);
  }

  #single(name: string): Chunk {
    const source = this.#pack.scriptOfChunk(name);
    if (source === null) throw new Error(`no module ${name} in this program`);
    return new Script(source, { filename: this.#base + name }).runInThisContext()[name];
  }
}

function builtin(name: string): Exports {
  return (globalThis as unknown as { process: { getBuiltinModule(name: string): Exports } })
    .process.getBuiltinModule(name);
}
