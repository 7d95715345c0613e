/** The files of a run that every machine needs: script, body, URLs, certificates. */
import { exitCodes, StartError, systemReason } from "../../base/errors.ts";
import { isFile, localGraph } from "../../script/local_graph.ts";
import { join } from "../../std/path.ts";
import type { LoadPlan } from "../plan/plan.ts";
import type { ToMachine } from "./wire/messages.ts";

/** As much as the prepared requests of a run may take. */
const bytesMax = 256 * 1024 * 1024;
/** Of a file, in one message. */
const pieceBytes = 192 * 1024;

export interface Parcel {
  /** The working folder, in which the user's relative names are looked up. */
  readonly folder: string;
  /** Content by absolute path. */
  readonly files: ReadonlyMap<string, Uint8Array>;
  /** Absolute paths that are symbolic links, and what they lead to. */
  readonly links: ReadonlyMap<string, string>;
}

/** Reads the files that the plan names, and those that its script imports. Throws `StartError`. */
export function packParcel(plan: LoadPlan): Parcel {
  const folder = Deno.cwd();
  const files = new Map<string, Uint8Array>();
  const links = new Map<string, string>();
  let bytes = 0;
  const add = (path: string) => {
    const content = readFile(path);
    bytes += content.length;
    if (bytes > bytesMax) throw new StartError("the files of the run exceed 256 MB", 2);
    files.set(absolute(path, folder), content);
  };
  for (const path of plainFiles(plan)) add(path);
  if (plan.template) {
    for (const path of namesOfLineFiles(plan, [...files.values()])) if (isFile(path)) add(path);
  }
  if (plan.script !== null) {
    const path = absolute(plan.script, folder);
    const real = realPath(plan.script);
    // Its imports are relative to where it lies.
    if (real !== path) links.set(path, real);
    for (const each of localGraph(real)) if (each === real || isFile(each)) add(each);
  }
  return { folder, files, links };
}

/** The parcel as messages to a machine. */
export function* parcelMessages({ files, links }: Parcel): Generator<ToMachine> {
  for (const [path, content] of files) {
    for (let from = 0; from === 0 || from < content.length; from += pieceBytes) {
      const data = content.subarray(from, from + pieceBytes).toBase64();
      yield { kind: "file", path, data };
    }
  }
  for (const [path, target] of links) yield { kind: "link", path, target };
}

function plainFiles({ body, urlsFile, tls }: LoadPlan): string[] {
  const bodyFile = body?.kind === "file" ? body.path : null;
  return [...new Set([bodyFile, urlsFile, tls.caFile, tls.certificateFile, tls.keyFile])]
    .filter((path) => path !== null);
}

/**
 * What `{line:FILE}` may name, in the command line and in files. A name that is none, such as that
 * behind two braces, is no file, or goes along for nothing.
 */
function namesOfLineFiles(plan: LoadPlan, contents: readonly Uint8Array[]): Set<string> {
  const texts = [
    ...plan.targets.map(({ text }) => text),
    ...plan.headers.map(({ value }) => value),
    plan.hostHeader ?? "",
    plan.body?.kind === "text" ? plan.body.text : "",
    ...contents.map((content) => new TextDecoder().decode(content)),
  ];
  return new Set(
    texts.flatMap((text) => Array.from(text.matchAll(/\{line:([^}\n]+)\}/g), ([, name]) => name)),
  );
}

function absolute(path: string, folder: string): string {
  return path.startsWith("/") ? join(path) : join(folder, path);
}

function realPath(path: string): string {
  try {
    return Deno.realPathSync(path);
  } catch (cause) {
    throw cannotRead(path, cause);
  }
}

function readFile(path: string): Uint8Array {
  try {
    return Deno.readFileSync(path);
  } catch (cause) {
    throw cannotRead(path, cause);
  }
}

function cannotRead(path: string, cause: unknown): StartError {
  const reason = cause instanceof Deno.errors.NotFound ? "no such file" : systemReason(cause);
  return new StartError(`${path}: ${reason}`, exitCodes.failed, { cause });
}
