/**
 * libc over FFI: starting and watching processes, and locking (posix_spawn(3), waitpid(2),
 * flock(2)).
 *
 * None of these is on a hot path, so a few 64-bit types are allowed: variadic calls such as
 * prctl(2) read whole registers.
 */
import { lazySymbols } from "./lazy_symbols.ts";

const symbols = {
  /**
   * argv, envp: vectors of C strings, see `CStringVector`. Returns an errno number instead of -1.
   */
  posix_spawn: {
    parameters: ["buffer", "buffer", "buffer", "buffer", "buffer", "buffer"],
    result: "i32",
  },
  posix_spawn_file_actions_init: { parameters: ["buffer"], result: "i32" },
  posix_spawn_file_actions_destroy: { parameters: ["buffer"], result: "i32" },
  posix_spawn_file_actions_adddup2: { parameters: ["buffer", "i32", "i32"], result: "i32" },
  posix_spawn_file_actions_addopen: {
    parameters: ["buffer", "i32", "buffer", "i32", "u32"],
    result: "i32",
  },
  posix_spawn_file_actions_addchdir_np: { parameters: ["buffer", "buffer"], result: "i32" },
  posix_spawnattr_init: { parameters: ["buffer"], result: "i32" },
  posix_spawnattr_destroy: { parameters: ["buffer"], result: "i32" },
  posix_spawnattr_setflags: { parameters: ["buffer", "i16"], result: "i32" },
  posix_spawnattr_setsigmask: { parameters: ["buffer", "buffer"], result: "i32" },
  posix_spawnattr_setsigdefault: { parameters: ["buffer", "buffer"], result: "i32" },
  execve: { parameters: ["buffer", "buffer", "buffer"], result: "i32" },
  pthread_sigmask: { parameters: ["i32", "buffer", "pointer"], result: "i32" },
  waitpid: { parameters: ["i32", "buffer", "i32"], result: "i32" },
  clock_gettime: { parameters: ["i32", "buffer"], result: "i32" },
  kill: { parameters: ["i32", "i32"], result: "i32" },
  getppid: { parameters: [], result: "i32" },
  prlimit: { parameters: ["i32", "i32", "buffer", "buffer"], result: "i32" },
  prctl: { parameters: ["i32", "u64", "u64", "u64", "u64"], result: "i32" },
  sched_setaffinity: { parameters: ["i32", "u64", "buffer"], result: "i32" },
  open: { parameters: ["buffer", "i32", "u32"], result: "i32" },
  access: { parameters: ["buffer", "i32"], result: "i32" },
  pipe2: { parameters: ["buffer", "i32"], result: "i32" },
  socketpair: { parameters: ["i32", "i32", "i32", "buffer"], result: "i32" },
  sendto: { parameters: ["i32", "buffer", "u32", "i32", "buffer", "u32"], result: "i32" },
  /** The second argument is a struct msghdr, see `message.ts`. */
  sendmsg: { parameters: ["i32", "buffer", "i32"], result: "i32" },
  recvmsg: { parameters: ["i32", "buffer", "i32"], result: "i32" },
  flock: { parameters: ["i32", "i32"], result: "i32" },
  memfd_create: { parameters: ["buffer", "u32"], result: "i32" },
  poll: { parameters: ["buffer", "u64", "i32"], result: "i32" },
  /**
   * The same call on Deno's thread pool: it may block for as long as another process holds the
   * lock.
   */
  flock_parked: { name: "flock", parameters: ["i32", "i32"], result: "i32", nonblocking: true },
  /** read(2) on Deno's thread pool: it waits for another process to write. */
  read_parked: {
    name: "read",
    parameters: ["i32", "buffer", "u32"],
    result: "i32",
    nonblocking: true,
  },
  /** For system calls without a wrapper in older C libraries: pidfd_open(2), pidfd_getfd(2). */
  syscall: { parameters: ["i64", "i64", "i64", "i64"], result: "i64" },
} as const;

/** The calls by their C names. */
export const libcProcess = lazySymbols(symbols);

/**
 * Size for glibc's opaque structs, rounded up (posix_spawnattr_t is 336 bytes, file actions 80).
 */
export const spawnStructBytes = 512;
export const SPAWN = { setSigDefault: 0x04, setSigMask: 0x08, setSession: 0x80 } as const;
export const LOCK = { exclusive: 2, nonblocking: 4 } as const;
export const WNOHANG = 1;
export const PR = { setPdeathsig: 1, setDumpable: 4, setNoNewPrivs: 38 } as const;
/** System call numbers (asm-generic/unistd.h; the same on x86-64 and arm64). */
export const SYS = { pidfdOpen: 434, pidfdGetfd: 438 } as const;

/** `text` as a C string. Throws TypeError if it contains NUL, where C would truncate it. */
export function cString(text: string): Uint8Array<ArrayBuffer> {
  if (text.includes("\0")) {
    throw new TypeError(`Cannot pass ${quote(text)} on: it holds a NUL`);
  }
  return new TextEncoder().encode(`${text}\0`);
}

/** A NULL-terminated `char **`. Keep the object alive while C reads it. */
export class CStringVector {
  readonly pointers: BigUint64Array<ArrayBuffer>;
  /** All strings, one after another: one buffer makes far less garbage than one for each. */
  readonly #bytes: Uint8Array<ArrayBuffer>;

  constructor(texts: readonly string[]) {
    for (const text of texts) {
      if (text.includes("\0")) {
        throw new TypeError(`Cannot pass ${quote(text)} on: it holds a NUL`);
      }
    }
    const bytes = new TextEncoder().encode(
      texts.length === 0 ? "" : `${texts.join("\0")}\0`,
    );
    this.#bytes = bytes;
    this.pointers = new BigUint64Array(texts.length + 1);
    const start = Deno.UnsafePointer.value(Deno.UnsafePointer.of(this.#bytes));
    const halves = new Uint32Array(this.pointers.buffer);
    const [low, high] = [Number(start & 0xffffffffn), Number(start >> 32n)];
    let begin = 0;
    for (let index = 0; index < texts.length; index++) {
      halves[2 * index] = low + begin;
      // Carry if the low half overflows; both supported CPUs are little-endian.
      halves[2 * index + 1] = high + (low + begin > 0xffffffff ? 1 : 0);
      begin = bytes.indexOf(0, begin) + 1;
    }
  }
}

function quote(text: string): string {
  return JSON.stringify(text.length > 80 ? `${text.slice(0, 80)}...` : text);
}
