/**
 * Starts programs with an explicit set of descriptors.
 *
 * Uses posix_spawn(3) instead of `Deno.Command`, because it moves any descriptor to any number in the
 * child, reports a failed exec as an error number instead of a child that exits, keeps SIGPIPE
 * ignored as Server::Starter does, and gives the raw wait status. It takes 0.25 ms.
 */
import { Errno, errnoPhrase } from "../../sys/errno.ts";
import { errno, libc } from "../../sys/libc.ts";
import { F, O } from "../../sys/descriptor_flags.ts";
import {
  cString,
  CStringVector,
  libcProcess,
  SPAWN,
  spawnStructBytes,
} from "../../sys/libc_process.ts";
import { watchChild } from "./children.ts";
import type { Variables } from "../environment.ts";
import { isKeptFromChildren, keepFromChildren } from "../handover/inherited.ts";
import { preferAsOomVictim } from "./oom_score.ts";
import { X_OK } from "../files/path_access.ts";

/** Gives the child the descriptor `ours` as `number`. */
export interface PassedDescriptor {
  readonly ours: number;
  readonly number: number;
}

/** The lowest `count` numbers after the standard streams' that a child has no descriptor under. */
export function freeNumbers(count: number, taken: readonly number[]): number[] {
  const free: number[] = [];
  for (let number = 3; free.length < count; number++) {
    if (!taken.includes(number)) free.push(number);
  }
  return free;
}

/** The program to start and its environment. */
export interface SpawnRequest {
  /** Program and arguments. A program without a slash is looked up in the PATH of `environment`. */
  readonly command: readonly string[];
  /** The file to run, when it differs from the first word, which is then only argv[0]. */
  readonly file?: string;
  /** The child's whole environment. */
  readonly environment: Variables;
  /** Working directory; default: this process's. */
  readonly folder?: string;
  /**
   * Descriptors for the child. Standard input, output and error are inherited unless listed here; in
   * place of one kept from children (a socket at number 0) the child gets /dev/null. It inherits
   * nothing else, because all other descriptors have close-on-exec, see `sealInherited`.
   */
  readonly descriptors?: readonly PassedDescriptor[];
  /** A worker that would be replaced: the OOM killer should choose it before this process. */
  readonly isReplaceable?: boolean;
  /** Run in a new session (setsid(2)), detached from the terminal. */
  readonly newSession?: boolean;
}

/** A started process. */
export interface ChildProcess {
  readonly pid: number;
  /** The raw wait status (256 for exit code 1, 15 for a death by TERM), see `exitCodeOf`. */
  readonly exited: Promise<number>;
}

/** Why a process was not started; no child has existed. */
export interface SpawnFailure {
  readonly pid: null;
  readonly errno: number;
  /** `/bin/foo: no such file or directory`. */
  readonly reason: string;
}

/** Starts a program. Errors of the system are returned, not thrown. */
export function spawn(request: SpawnRequest): ChildProcess | SpawnFailure {
  const program = request.command[0];
  if (program === undefined || program === "") return failure(2, "the command is empty");
  if (request.folder !== undefined && !isFolder(request.folder)) {
    return failure(2, `cannot change to the folder ${request.folder}`);
  }
  let last: SpawnFailure = failure(2, `${program}: not found in PATH`);
  const places = request.file === undefined
    ? candidates(program, request.environment["PATH"], request.folder)
    : [request.file];
  const pairs = Object.entries(request.environment).map(([name, value]) => `${name}=${value}`);
  const envp = new CStringVector(pairs);
  const argv = new CStringVector(request.command);
  for (const path of places) {
    let outcome = spawnPath(path, argv, envp, request);
    // A script without a #! line: run it with the shell, like execvp(3) and Perl's exec.
    if (outcome.pid === null && outcome.errno === 8) {
      const script = new CStringVector([
        "sh",
        path,
        ...request.command.slice(1),
      ]);
      outcome = spawnPath("/bin/sh", script, envp, request);
    }
    if (outcome.pid !== null) return outcome;
    // ENOENT, ENOTDIR: try the next folder. EACCES: also try it, as execvp does, but keep the error.
    if (outcome.errno !== 2 && outcome.errno !== 20 && outcome.errno !== 13) return outcome;
    if (program.includes("/") || outcome.errno === 13) last = outcome;
  }
  return last;
}

/**
 * Why `spawn` could not start the program, or null. Looks each place up with access(2). For programs
 * that another program execs after its own start, which is too late to learn of a wrong name.
 */
export function startFault(
  { command, environment, folder }: Pick<SpawnRequest, "command" | "environment" | "folder">,
): SpawnFailure | null {
  const program = command[0] ?? "";
  let last = failure(Errno.ENOENT, `${program}: not found in PATH`);
  for (const path of candidates(program, environment["PATH"], folder)) {
    const place = folder === undefined || path.startsWith("/") ? path : `${folder}/${path}`;
    const code = executeErrno(place);
    if (code === 0) return null;
    if (program.includes("/") || code === Errno.EACCES) {
      last = failure(code, `${path}: ${errnoPhrase(code)}`);
    }
  }
  return last;
}

/** 0 or what execve(2) would fail with: a folder is EACCES there, and searchable for access(2). */
function executeErrno(path: string): number {
  if (libcProcess.access(cString(path), X_OK) !== 0) return errno();
  return isFolder(path) ? Errno.EACCES : 0;
}

function candidates(program: string, path: string | undefined, folder?: string): string[] {
  if (program.includes("/")) return [program];
  const folders = (path ?? "/usr/local/bin:/usr/bin:/bin").split(":");
  // An empty part of PATH means the working directory (execvp(3)), which is the child's own.
  return folders.map((entry) => `${entry === "" ? folder ?? "." : entry}/${program}`);
}

function spawnPath(
  path: string,
  argv: CStringVector,
  envp: CStringVector,
  request: SpawnRequest,
): ChildProcess | SpawnFailure {
  const moves = lift(request.descriptors ?? []);
  if ("errno" in moves) return moves;
  const actions = new Uint8Array(spawnStructBytes);
  const attributes = new Uint8Array(spawnStructBytes);
  libcProcess.posix_spawn_file_actions_init(actions);
  libcProcess.posix_spawnattr_init(attributes);
  try {
    for (const { lifted, number } of moves) {
      if (lifted !== number) {
        libcProcess.posix_spawn_file_actions_adddup2(actions, lifted, number);
      }
    }
    for (const number of withheld(request.descriptors ?? [])) {
      libcProcess.posix_spawn_file_actions_addopen(actions, number, devNull, O.rdwr, 0);
    }
    if (request.folder !== undefined) {
      libcProcess.posix_spawn_file_actions_addchdir_np(actions, cString(request.folder));
    }
    setAttributes(attributes, request.newSession ?? false);
    const pid = new Int32Array(1);
    const code = libcProcess.posix_spawn(
      pid,
      cString(path),
      actions,
      attributes,
      argv.pointers,
      envp.pointers,
    );
    if (code !== 0) return failure(code, `${path}: ${errnoPhrase(code)}`);
    if (request.isReplaceable) preferAsOomVictim(pid[0]);
    return { pid: pid[0], exited: watchChild(pid[0]) };
  } finally {
    libcProcess.posix_spawn_file_actions_destroy(actions);
    libcProcess.posix_spawnattr_destroy(attributes);
    drop(moves);
  }
}

const devNull = cString("/dev/null");

/** Standard descriptors that would be closed in the child, and reused by the next file it opens. */
function withheld(descriptors: readonly PassedDescriptor[]): number[] {
  const isNamed = (number: number) => descriptors.some((one) => one.number === number);
  return [0, 1, 2].filter((number) => !isNamed(number) && isKeptFromChildren(number));
}

/** The soft limit of open files, which is the first number that a descriptor cannot have. */
function openFilesLimit(): number {
  const pair = new BigUint64Array(2);
  return libc.getrlimit(RLIMIT_NOFILE, pair) === 0 ? Number(pair[0]) : Infinity;
}

const RLIMIT_NOFILE = 7;

interface LiftedDescriptor {
  readonly lifted: number;
  readonly number: number;
}

/**
 * Copies each descriptor to a number above all requested ones, so that no dup2 in the child
 * overwrites the source of a later one. The copies have CLOEXEC and are closed after the start.
 */
function lift(descriptors: readonly PassedDescriptor[]): LiftedDescriptor[] | SpawnFailure {
  // A descriptor that keeps its number is open here, so no copy gets that number.
  const moved = descriptors.filter(({ ours, number }) => ours !== number);
  const floor = Math.max(2, ...moved.map(({ number }) => number)) + 1;
  const limit = openFilesLimit();
  const moves: LiftedDescriptor[] = [];
  for (const { ours, number } of descriptors) {
    if (ours === number && number >= limit) {
      // It was opened under a higher limit, so dup2(2) to it would fail. Clear its close-on-exec flag
      // for this start only: posix_spawn(3) returns when the child has called exec, and no other
      // program is started meanwhile.
      libc.fcntl(ours, F.setfd, 0);
      moves.push({ lifted: ours, number });
      continue;
    }
    const lifted = libc.fcntl(ours, F.dupfdCloexec, floor);
    if (lifted < 0) {
      const code = errno();
      drop(moves);
      if (code === Errno.EBADF) {
        throw new RangeError(`Cannot pass descriptor ${ours} on: it is not open`);
      }
      return failure(code, `cannot pass descriptors on: ${errnoPhrase(code)}`);
    }
    moves.push({ lifted, number });
  }
  return moves;
}

function drop(moves: readonly LiftedDescriptor[]): void {
  for (const { lifted, number } of moves) {
    if (lifted === number) keepFromChildren(lifted);
    else libc.close(lifted);
  }
}

/** No blocked signals, and default actions except for PIPE, ignored as by Server::Starter. */
function setAttributes(attributes: Uint8Array<ArrayBuffer>, newSession: boolean): void {
  libcProcess.posix_spawnattr_setsigmask(attributes, new Uint8Array(128));
  const defaults = new Uint8Array(128);
  for (let number = 1; number < 32; number++) {
    if (number === 9 || number === 13 || number === 19) continue;
    defaults[(number - 1) >> 3] |= 1 << ((number - 1) & 7);
  }
  libcProcess.posix_spawnattr_setsigdefault(attributes, defaults);
  const flags = SPAWN.setSigMask | SPAWN.setSigDefault | (newSession ? SPAWN.setSession : 0);
  libcProcess.posix_spawnattr_setflags(attributes, flags);
}

/** A shell's exit code for a command that cannot start: 127 not found, else 126 (POSIX sh 2.8.2). */
export function startFailureCode(errno: number): number {
  return errno === Errno.ENOENT ? 127 : 126;
}

function failure(errno: number, reason: string): SpawnFailure {
  return { pid: null, errno, reason };
}

/** False only when it is certainly not a folder. */
export function isFolder(path: string): boolean {
  try {
    return Deno.statSync(path).isDirectory;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    // Not accessible, or a file inside the path: posix_spawn(3) reports it.
    return true;
  }
}
