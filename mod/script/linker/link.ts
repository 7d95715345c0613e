/**
 * Links the ES modules of an app into one, with TypeScript and JSX turned into JavaScript.
 *
 * Names are resolved as Node does, plus deno.json's import map, `npm:` and `jsr:`. CommonJS modules
 * stay on disk, where `require` finds their folders, data files and native parts: linked code could
 * not have its `__dirname` or a computed name.
 */
import { dirname } from "../../std/path.ts";
import { EsbuildService, type Message } from "../esbuild/service.ts";
import { toFileUrl } from "../../base/file_url.ts";
import { type DenoConfig, readDenoConfig } from "./deno_config.ts";
import { linkFailure, missingOnDemand, missingPackage } from "./link_fault.ts";
import { ModuleKinds } from "./module_kind.ts";
import { cjsExports, cjsFacade, cjsNamespace, cjsSource, esmSource } from "./module_source.ts";
import { linkedFacade } from "./module_source.ts";
import { metaName, remoteNamespace, remoteSource } from "./module_source.ts";
import { type RemoteModule, RemoteModules } from "./remote/remote_modules.ts";
import { resolve, resolvedNames } from "./specifiers.ts";

/** An app in one module. */
export interface LinkedApp {
  readonly code: Uint8Array<ArrayBuffer>;
  /** Its source map; sources are URLs. */
  readonly map: Uint8Array<ArrayBuffer>;
  /** The modules that were read, by real path. */
  readonly modules: readonly string[];
  /** package.json and deno.json files that had a say. Some may not exist. */
  readonly settings: readonly string[];
}

/** How an app is to be linked. */
export interface LinkOptions {
  /** Reads a module's text; null if it cannot be read. */
  readonly read?: (path: string) => string | null;
  /** An ES module in place of the entry's text. */
  readonly entryText?: string;
  /**
   * The folder of a program that is to run without its files: CommonJS modules are linked, too, and
   * `import.meta` tells places relative to this folder.
   */
  readonly movedFrom?: string;
  /** Code to add to the entry's. */
  readonly epilogue?: (source: string, path: string) => string;
}

/** Identifiers of our plug-in's filters, and of the one build of a service. */
const filter = { name: 0, file: 1, cjs: 2, cjsName: 3, remote: 4, remoteName: 5 } as const;
const buildKey = 0;
/** Names that we have resolved ourselves are looked up in it, so that we are not asked again. */
const askedNamespace = "asked";

/** Links the app with this entry, a real path. `shown` names it in messages. Throws `StartError`. */
export async function link(
  entry: string,
  shown: string,
  options: LinkOptions = {},
): Promise<LinkedApp> {
  // First, for it takes some milliseconds until it reads.
  const service = EsbuildService.start((request) => linking.answer(service, request));
  let linking: Linking;
  try {
    linking = new Linking(entry, options);
    let response = await service.request(linking.request([]));
    const optional = missingOnDemand(response["errors"] ?? []);
    if (optional.length > 0) response = await service.request(linking.request(optional));
    const errors = (response["errors"] ?? []) as readonly unknown[];
    if (errors.length > 0 || response["error"] !== undefined) {
      throw linkFailure(shown, withError(response));
    }
    return linking.result(response);
  } finally {
    await service.close();
  }
}

/** A request that was refused as a whole has an `error` instead of `errors`. */
function withError(response: Message): Message {
  const { error } = response;
  return error === undefined ? response : { errors: [{ text: String(error), location: null }] };
}

class Linking {
  readonly #entry: string;
  readonly #options: LinkOptions;
  readonly #config: DenoConfig;
  readonly #remote: RemoteModules;
  readonly #kinds = new ModuleKinds();
  readonly #modules = new Set<string>();

  constructor(entry: string, options: LinkOptions) {
    this.#entry = entry;
    this.#options = options;
    this.#config = readDenoConfig(dirname(entry));
    this.#remote = new RemoteModules(this.#config.files, options.read ?? readOrNull);
  }

  /** `external`: names to leave to run time, where `import()` rejects. */
  request(external: readonly string[]): Message {
    return {
      command: "build",
      key: buildKey,
      entries: [["", this.#entry]],
      flags: [...flags, ...this.#jsxFlags(), ...external.map((name) => `--external:${name}`)],
      write: false,
      stdinContents: null,
      stdinResolveDir: null,
      absWorkingDir: Deno.cwd(),
      nodePaths: [],
      context: false,
      plugins: [{
        name: "hayate",
        onStart: false,
        onEnd: false,
        onResolve: [{
          id: filter.name,
          filter: resolvedNames(this.#config.mappings),
          namespace: "file",
        }, {
          id: filter.cjsName,
          filter: ".*",
          namespace: cjsNamespace,
        }, {
          id: filter.remoteName,
          filter: ".*",
          namespace: remoteNamespace,
        }],
        onLoad: [
          {
            id: filter.file,
            filter: "\\.(?:[cm]?js|jsx|[cm]?ts|tsx|node|json)$",
            namespace: "file",
          },
          { id: filter.cjs, filter: ".*", namespace: cjsNamespace },
          { id: filter.remote, filter: ".*", namespace: remoteNamespace },
        ],
      }],
    };
  }

  /** Throws only for programmer errors; what the app does wrong is part of the answer. */
  async answer(service: EsbuildService, request: Message): Promise<Message> {
    if (request["command"] === "on-resolve") return await this.#resolve(service, request);
    if (request["command"] !== "on-load") return { errors: [], warnings: [] };
    const [id] = request["ids"] as readonly number[];
    const path = String(request["path"]);
    if (id === filter.remote) return { id, ...await this.#loadRemote(path) };
    return { id, ...(id === filter.cjs ? this.#loadCommonJs(path) : this.#load(path)) };
  }

  result(response: Message): LinkedApp {
    const files = response["outputFiles"] as readonly Message[];
    const contents = (suffix: string) =>
      files.find(({ path }) => String(path).endsWith(suffix))!["contents"] as Uint8Array<
        ArrayBuffer
      >;
    return {
      code: contents(".js"),
      map: contents(".js.map"),
      modules: [...this.#modules].sort(),
      settings: [...this.#kinds.packages, ...this.#config.files],
    };
  }

  #jsxFlags(): string[] {
    const { compilerOptions } = this.#config;
    if (compilerOptions === null) return [];
    // Instead of tsconfig.json, as in Deno.
    return [`--tsconfig-raw=${JSON.stringify({ compilerOptions })}`];
  }

  async #resolve(service: EsbuildService, request: Message): Promise<Message> {
    const name = String(request["path"]);
    const importer = String(request["importer"]);
    const [id] = request["ids"] as readonly number[];
    if (name.startsWith(`${cjsNamespace}:`)) {
      return { id, path: name.slice(cjsNamespace.length + 1), namespace: cjsNamespace };
    }
    const isRemote = id === filter.remoteName;
    if (isRemote && /^\.{0,2}\//.test(name)) {
      return this.#remoteResult(id, name, await this.#remote.get(new URL(name, importer).href));
    }
    const from = isRemote ? importer : toFileUrl(importer);
    const target = resolve(name, from, this.#config.mappings);
    switch (target?.kind) {
      case undefined:
        return id === filter.name ? {} : await this.#lookUp(service, request, name, name);
      case "builtin":
        return { id, path: target.name, external: true };
      case "remote":
        return this.#remoteResult(id, name, await this.#remote.get(target.url));
      case "file":
        return await this.#lookUp(service, request, target.path, target.path);
      case "package":
        return await this.#lookUp(service, request, target.name, target.asked);
    }
  }

  /** Asks esbuild for `name` from where the importer is. */
  async #lookUp(
    service: EsbuildService,
    request: Message,
    name: string,
    asked: string,
  ): Promise<Message> {
    const { path, external, sideEffects, namespace, suffix, errors, warnings } = await service
      .request({
        command: "resolve",
        path: name,
        key: buildKey,
        pluginName: "hayate",
        namespace: askedNamespace,
        resolveDir: request["resolveDir"],
        importer: request["importer"],
        kind: request["kind"],
        with: request["with"] ?? {},
      });
    const [id] = request["ids"] as readonly number[];
    if (Array.isArray(errors) && errors.length > 0) {
      // A package may do without.
      if (id === filter.cjsName) return { id, path: asked, external: true };
      if (name.startsWith("/")) {
        return refuse(id, `cannot import "${asked}": there is no such file`);
      }
      if (!asked.startsWith("jsr:")) return refuse(id, missingPackage(asked, name));
      const module = await this.#remote.getJsr(asked);
      if (typeof module !== "string") return this.#remoteResult(id, asked, module);
      return refuse(id, `${missingPackage(asked, name)}; and from Deno's cache: ${module}`);
    }
    const isRequired = id === filter.cjsName && request["kind"] === "require-call";
    return {
      id,
      path,
      external: external ?? false,
      sideEffects: sideEffects ?? true,
      namespace: isRequired && this.#isCommonJs(String(path)) ? cjsNamespace : namespace ?? "file",
      suffix: suffix ?? "",
      warnings: warnings ?? [],
    };
  }

  #remoteResult(id: number, name: string, module: RemoteModule | string): Message {
    if (typeof module === "string") return refuse(id, `cannot import "${name}": ${module}`);
    return { id, path: module.url, namespace: remoteNamespace };
  }

  async #loadRemote(url: string): Promise<Message> {
    const module = await this.#remote.get(url);
    if (typeof module === "string") return { errors: [faultOf(module)] };
    return {
      contents: bytesOf(remoteSource(url, module.text)),
      loader: module.kind,
      // Where the packages of its `npm:` names are.
      resolveDir: dirname(this.#entry),
    };
  }

  #isCommonJs(path: string): boolean {
    if (!/\.c?js$/.test(path)) return path.endsWith(".node");
    return this.#kinds.kindOf(path, (this.#options.read ?? readOrNull)(path) ?? "") === "cjs";
  }

  #loadCommonJs(path: string): Message {
    const { movedFrom, read = readOrNull } = this.#options;
    if (movedFrom === undefined) return { contents: bytesOf(cjsExports(path)), loader: "js" };
    if (path.endsWith(".node")) {
      return { errors: [faultOf(`native code (${path}) cannot be put into a program`)] };
    }
    const text = read(path) ?? "";
    return {
      contents: bytesOf(cjsSource(path, text, movedFrom)),
      loader: "js",
      resolveDir: dirname(path),
    };
  }

  #load(path: string): Message {
    // A missing or unreadable file: esbuild says so.
    const text = (this.#options.read ?? readOrNull)(path);
    if (text === null) return {};
    this.#modules.add(path);
    const isEntry = path === this.#entry;
    const { entryText } = this.#options;
    if (isEntry && entryText !== undefined) {
      return { contents: bytesOf(entryText), loader: "js", resolveDir: dirname(path) };
    }
    if (path.endsWith(".json")) return {};
    if (this.#kinds.kindOf(path, text) === "cjs") {
      const facade = this.#options.movedFrom === undefined ? cjsFacade(path) : linkedFacade(path);
      return { contents: bytesOf(facade), loader: "js", resolveDir: dirname(path) };
    }
    const source = esmSource(path, text, isEntry, this.#options.movedFrom);
    const { epilogue } = this.#options;
    return {
      contents: bytesOf(isEntry && epilogue ? source + epilogue(text, path) : source),
      loader: loaderOf(path),
      resolveDir: dirname(path),
    };
  }
}

const flags = [
  "--log-level=silent",
  "--log-limit=0",
  "--color=false",
  "--bundle",
  "--format=esm",
  "--platform=node",
  "--target=esnext",
  // V8 has no decorators.
  "--supported:decorators=false",
  // As Deno resolves packages; `main` before `module`, as Node.
  "--conditions=deno,node",
  "--main-fields=main,module",
  "--sourcemap=external",
  "--sources-content=false",
  // Sources are relative to the output file: with both of these they are absolute.
  "--source-root=file:///",
  "--outfile=/app.js",
  "--legal-comments=none",
  "--charset=utf8",
  // What a package says about its side effects is a hint for browsers' bundles.
  "--ignore-annotations",
  `--define:import.meta=${metaName}`,
];

/** esbuild's name for the language of a file, by its extension: ts, tsx, js or jsx. */
function loaderOf(path: string): string {
  return path.slice(path.lastIndexOf(".") + 1).replace(/^[cm]/, "");
}

/** All members of esbuild's message have to be there. */
function faultOf(text: string): Message {
  return { id: "", pluginName: "", text, location: null, notes: [], detail: 0 };
}

function refuse(id: number, text: string): Message {
  return { id, errors: [faultOf(text)] };
}

function bytesOf(text: string): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(text);
}

function readOrNull(path: string): string | null {
  try {
    return Deno.readTextFileSync(path);
  } catch {
    // Not an error yet: the caller leaves it to esbuild, which names the importer.
    return null;
  }
}
