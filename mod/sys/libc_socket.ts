/**
 * libc over FFI: the calls made for each connection or request, with compiled code, so that they
 * cost tens of nanoseconds. Compiling it takes a tenth of a millisecond for each, so only the reactor
 * imports this file. Code that holds sockets without serving them uses `libc`.
 */
import { compiledSymbols } from "./lazy_symbols.ts";

const symbols = {
  accept4: { parameters: ["i32", "pointer", "pointer", "i32"], result: "i32" },
  clock_gettime: { parameters: ["i32", "pointer"], result: "i32" },
  close: { parameters: ["i32"], result: "i32" },
  connect: { parameters: ["i32", "buffer", "u32"], result: "i32" },
  epoll_ctl: { parameters: ["i32", "i32", "i32", "buffer"], result: "i32" },
  /** Takes a timespec instead of milliseconds; null if glibc is older than 2.35. */
  epoll_pwait2: {
    parameters: ["i32", "pointer", "i32", "buffer", "pointer"],
    result: "i32",
    optional: true,
  },
  epoll_wait: { parameters: ["i32", "pointer", "i32", "i32"], result: "i32" },
  getsockopt: { parameters: ["i32", "i32", "i32", "buffer", "buffer"], result: "i32" },
  recv: { parameters: ["i32", "buffer", "u32", "i32"], result: "i32" },
  /**
   * Takes a prepared pointer: finding a buffer's address takes longer than the rest of the call.
   */
  recv_at: { name: "recv", parameters: ["i32", "pointer", "u32", "i32"], result: "i32" },
  send: { parameters: ["i32", "buffer", "u32", "i32"], result: "i32" },
  send_at: { name: "send", parameters: ["i32", "pointer", "u32", "i32"], result: "i32" },
  setsockopt: { parameters: ["i32", "i32", "i32", "buffer", "u32"], result: "i32" },
  shutdown: { parameters: ["i32", "i32"], result: "i32" },
  socket: { parameters: ["i32", "i32", "i32"], result: "i32" },
} as const;

/** The calls by their C names; after -1, `errno()` of `libc.ts` has the reason. */
export const libcSocket = compiledSymbols(symbols, [
  // What a server needs before it has answered; a client, or a large answer, needs more.
  "accept4",
  "clock_gettime",
  "close",
  "epoll_ctl",
  "epoll_pwait2",
  "recv_at",
  "send_at",
]);
