/** Flags of descriptors and open files on Linux; the same on x86-64 and arm64. */

/** Flags of open(2) and F_SETFL; sockets, pipes, epoll and eventfd use the values of two of them. */
export const O = {
  wronly: 0x1,
  rdwr: 0x2,
  creat: 0x40,
  noctty: 0x100,
  append: 0x400,
  nonblock: 0x800,
  cloexec: 0x80000,
} as const;

/** Commands of fcntl(2). */
export const F = { getfd: 1, setfd: 2, getfl: 3, setfl: 4, dupfdCloexec: 1030 } as const;

/** FD_CLOEXEC, the only flag of F_GETFD. */
export const fdCloexec = 1;
