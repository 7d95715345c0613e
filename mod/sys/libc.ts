/**
 * libc over FFI: system calls on sockets and descriptors, looked up on first use. The calls made
 * for each connection are in `libc_socket.ts`.
 *
 * In both files every type is 32 bits wide, a pointer or a buffer: one `usize`, `isize` or 64-bit
 * type in a signature makes a call cost over a microsecond instead of tens of nanoseconds. Lengths
 * are therefore limited to 2^31-1, which no caller's buffer exceeds.
 */
import { lazySymbols } from "./lazy_symbols.ts";

const symbols = {
  accept4: { parameters: ["i32", "pointer", "pointer", "i32"], result: "i32" },
  bind: { parameters: ["i32", "buffer", "u32"], result: "i32" },
  close: { parameters: ["i32"], result: "i32" },
  connect: { parameters: ["i32", "buffer", "u32"], result: "i32" },
  dup2: { parameters: ["i32", "i32"], result: "i32" },
  epoll_create1: { parameters: ["i32"], result: "i32" },
  epoll_ctl: { parameters: ["i32", "i32", "i32", "buffer"], result: "i32" },
  /** Runs on Deno's thread pool, so that Deno's loop keeps running while we wait. */
  epoll_wait_parked: {
    name: "epoll_wait",
    parameters: ["i32", "buffer", "i32", "i32"],
    result: "i32",
    nonblocking: true,
  },
  eventfd: { parameters: ["u32", "i32"], result: "i32" },
  fcntl: { parameters: ["i32", "i32", "i32"], result: "i32" },
  getpeername: { parameters: ["i32", "buffer", "buffer"], result: "i32" },
  getrlimit: { parameters: ["i32", "buffer"], result: "i32" },
  getsockname: { parameters: ["i32", "buffer", "buffer"], result: "i32" },
  getsockopt: { parameters: ["i32", "i32", "i32", "buffer", "buffer"], result: "i32" },
  listen: { parameters: ["i32", "i32"], result: "i32" },
  read: { parameters: ["i32", "buffer", "u32"], result: "i32" },
  recv: { parameters: ["i32", "buffer", "u32", "i32"], result: "i32" },
  send: { parameters: ["i32", "buffer", "u32", "i32"], result: "i32" },
  setrlimit: { parameters: ["i32", "buffer"], result: "i32" },
  setsockopt: { parameters: ["i32", "i32", "i32", "buffer", "u32"], result: "i32" },
  socket: { parameters: ["i32", "i32", "i32"], result: "i32" },
  write: { parameters: ["i32", "buffer", "u32"], result: "i32" },
  __errno_location: { parameters: [], result: "pointer" },
} as const;

/** The calls by their C names, with C's results; after -1, `errno()` has the reason. */
export const libc = lazySymbols(symbols);

// errno has one address per thread, and this module is evaluated once per thread. A view of those
// four bytes turns reading errno into an array access, instead of a call that could change it.
const errnoCell = new Int32Array(
  Deno.UnsafePointerView.getArrayBuffer(libc.__errno_location()!, 4),
);

/** errno of the last libc call on this thread; valid only immediately after a failed call. */
export function errno(): number {
  return errnoCell[0];
}
