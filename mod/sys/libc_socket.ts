/**
 * libc over FFI: the calls that each connection or request makes, bound at once, so that they cost tens
 * of nanoseconds. Machine code is compiled for each, which takes 4 ms of a start of 110: only the
 * reactor imports this file. Whoever holds sockets without serving them has `libc`.
 */
const symbols = {
  accept4: { parameters: ["i32", "pointer", "pointer", "i32"], result: "i32" },
  clock_gettime: { parameters: ["i32", "pointer"], result: "i32" },
  close: { parameters: ["i32"], result: "i32" },
  connect: { parameters: ["i32", "buffer", "u32"], result: "i32" },
  epoll_ctl: { parameters: ["i32", "i32", "i32", "buffer"], result: "i32" },
  /** With a timespec in place of milliseconds; null where glibc is older than 2.35. */
  epoll_pwait2: {
    parameters: ["i32", "pointer", "i32", "buffer", "pointer"],
    result: "i32",
    optional: true,
  },
  epoll_wait: { parameters: ["i32", "pointer", "i32", "i32"], result: "i32" },
  getsockopt: { parameters: ["i32", "i32", "i32", "buffer", "buffer"], result: "i32" },
  /** With a pointer made beforehand: finding the address of a buffer takes longer than the rest of a call. */
  recv_at: { name: "recv", parameters: ["i32", "pointer", "u32", "i32"], result: "i32" },
  send: { parameters: ["i32", "buffer", "u32", "i32"], result: "i32" },
  send_at: { name: "send", parameters: ["i32", "pointer", "u32", "i32"], result: "i32" },
  setsockopt: { parameters: ["i32", "i32", "i32", "buffer", "u32"], result: "i32" },
  shutdown: { parameters: ["i32", "i32"], result: "i32" },
  socket: { parameters: ["i32", "i32", "i32"], result: "i32" },
} as const;

/** The calls by their C names; `errno()` of `libc.ts` tells why one was -1. */
export const libcSocket = Deno.dlopen("libc.so.6", symbols).symbols;
