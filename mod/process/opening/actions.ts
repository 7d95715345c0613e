/** What the root parent does for a request, if it is granted. */
import { formatAddress } from "../../base/address.ts";
import { dirname } from "../../std/path.ts";
import { O } from "../../sys/descriptor_flags.ts";
import { Errno, errnoPhrase } from "../../sys/errno.ts";
import { errno, libc } from "../../sys/libc.ts";
import { cString, libcProcess } from "../../sys/libc_process.ts";
import { shiftBackups } from "../../base/shift_backups.ts";
import { stampOfFile } from "../files/file_stamp.ts";
import { whyNotWritable } from "../files/path_access.ts";
import { type Grant, type GrantKind, grantOf } from "../privileges/grants.ts";
import type { OpenerHost } from "./host.ts";
import type { OpenerAnswer, OpenerRequest } from "../privileges/opener_messages.ts";
import { folderOpenTo, type UserIds } from "../privileges/safe_path.ts";

/** Requests that are answered at once. */
export type ActionRequest = Exclude<OpenerRequest, { op: "refresh" | "run" | "grant" | "seal" }>;
/** `fd` is the caller's to close. */
export type ActionResult = OpenerAnswer & { readonly fd?: number };

/** `PATH.PID.COUNT`, which a control listener renames over PATH. */
const besideForm = /^(.+)\.(\d+\.\d+)$/;

export class OpenerActions {
  readonly #grants: ReadonlySet<Grant>;
  readonly #user: UserIds;
  readonly #host: OpenerHost;

  constructor(grants: ReadonlySet<Grant>, user: UserIds, host: OpenerHost) {
    this.#grants = grants;
    this.#user = user;
    this.#host = host;
  }

  /** Throws errors of the file system. */
  perform(request: ActionRequest, descriptor: number | undefined): ActionResult {
    switch (request.op) {
      case "read":
        return this.#mayRead(request.path) ?? open(request.path, openToRead);
      case "stamp":
        return this.#stamp(request.paths);
      case "append":
      case "appendable":
      case "rotate":
        return this.#append(request);
      case "replace":
        return this.#replace(request.path, descriptor);
      case "listen":
        return this.#listen(request);
      case "rename":
        return this.#rename(request);
      case "inode":
      case "remove":
        return this.#socket(request);
    }
  }

  /** null: it may. */
  #mayRead(path: string): ActionResult | null {
    return this.#refusal(this.#has("read", path) || this.#has("readIn", dirname(path)), path);
  }

  #stamp(paths: readonly string[]): ActionResult {
    return done(
      JSON.stringify(paths.map((path) => this.#mayRead(path) === null ? stampOfFile(path) : null)),
    );
  }

  #append(request: ActionRequest & { op: "append" | "appendable" | "rotate" }): ActionResult {
    const { path } = request;
    const refusal = this.#refusal(this.#has("append", path), path);
    if (refusal !== null) return refusal;
    if (request.op === "append") return open(path, openToAppend);
    if (request.op === "appendable") return done(whyNotWritable(path) ?? "");
    const { dev, ino } = Deno.statSync(path);
    // Another worker may have been faster.
    if (dev === request.dev && ino === request.ino) shiftBackups(path, request.backupCount);
    return done("");
  }

  #replace(path: string, descriptor: number | undefined): ActionResult {
    const refusal = this.#refusal(this.#has("replace", path), path);
    if (refusal !== null) return refusal;
    const content = descriptor === undefined ? "no content" : contentOf(descriptor);
    if (typeof content === "string") return { fault: "other", text: content };
    const beside = `${path}.${Deno.pid}`;
    Deno.writeFileSync(beside, content, { mode: 0o600 });
    Deno.renameSync(beside, path);
    return done("");
  }

  #listen({ address, wish }: ActionRequest & { op: "listen" }): ActionResult {
    const refusal = address.kind === "unix"
      ? this.#mayBind(address.path)
      : this.#has("listen", formatAddress(address))
      ? null
      : notNamed;
    if (refusal !== null) return refusal;
    const fd = this.#host.bind(address, wish);
    return typeof fd === "string" ? { fault: "other", text: fd } : { fault: null, text: "", fd };
  }

  #rename({ path, suffix }: ActionRequest & { op: "rename" }): ActionResult {
    const beside = `${path}.${suffix}`;
    const isControl = this.#has("control", path) && besideForm.test(beside);
    const refusal = isControl ? this.#mayBind(path) : notNamed;
    if (refusal !== null) return refusal;
    if (kindAt(beside) !== "socket" || kindAt(path) === "other") {
      return { fault: "other", text: "not a socket" };
    }
    Deno.renameSync(beside, path);
    return done("");
  }

  #socket(request: ActionRequest & { op: "inode" | "remove" }): ActionResult {
    const { path } = request;
    const refusal = this.#mayBind(path);
    if (refusal !== null) return refusal;
    const { isSocket, ino } = Deno.lstatSync(path);
    if (!isSocket) return { fault: "other", text: "not a socket" };
    if (request.op === "inode") return done(String(ino));
    if (ino === request.ino) Deno.removeSync(path);
    return done("");
  }

  /** Whether a socket may be at `path`; null: it may. */
  #mayBind(path: string): ActionResult | null {
    const beside = besideForm.exec(path)?.[1];
    const isNamed = this.#has("listen", path) || this.#has("control", path) ||
      (beside !== undefined && this.#has("control", beside));
    return this.#refusal(isNamed, path);
  }

  #has(kind: GrantKind, subject: string): boolean {
    return this.#grants.has(grantOf(kind, subject));
  }

  /** null: root may follow the path for this user. */
  #refusal(isGranted: boolean, path: string): ActionResult | null {
    if (!isGranted || !path.startsWith("/")) return notNamed;
    const folder = folderOpenTo(path, this.#user);
    return folder === null ? null : denied(`uid ${this.#user.uid} may change ${folder}`);
  }
}

/** A larger file is not one of ours. */
const contentBytesMax = 64 << 20;

/** Of a file in memory; a text: why there is none. Another kind of descriptor could block root. */
function contentOf(descriptor: number): Uint8Array | string {
  const link = `/proc/self/fd/${descriptor}`;
  const { isFile, size } = Deno.statSync(link);
  return isFile && size <= contentBytesMax ? Deno.readFileSync(link) : "not a file in memory";
}

const notNamed = denied("the configuration does not name it");

/** Nonblocking: a pipe without another end must not block root. */
const openToRead = O.nonblock | O.cloexec | O.noctty;
const openToAppend = O.wronly | O.append | O.creat | openToRead;

function open(path: string, flags: number): ActionResult {
  const fd = libcProcess.open(cString(path), flags, 0o644);
  if (fd < 0) {
    const code = errno();
    return { fault: code === Errno.ENOENT ? "missing" : "other", text: errnoPhrase(code) };
  }
  if (Deno.statSync(`/proc/self/fd/${fd}`).isFile) return { fault: null, text: "", fd };
  libc.close(fd);
  return { fault: "other", text: "not a regular file" };
}

function kindAt(path: string): "nothing" | "socket" | "other" {
  try {
    return Deno.lstatSync(path).isSocket ? "socket" : "other";
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return "nothing";
    throw error;
  }
}

function done(text: string): ActionResult {
  return { fault: null, text };
}

function denied(text: string): ActionResult {
  return { fault: "denied", text };
}
