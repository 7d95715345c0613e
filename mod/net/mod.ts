/** Chooses the reactor's backend. */
import { StartError } from "../base/errors.ts";
import type { Reactor } from "./reactor.ts";

export type Backend = Reactor["backend"];

/**
 * Creates a reactor for this thread: `epoll` on Linux, `portable` elsewhere or without FFI
 * permission. `wanted` is the value of HAYATE_REACTOR: `portable`, `epoll` or empty; otherwise
 * throws `StartError`.
 */
export async function createReactor(wanted?: string): Promise<Reactor> {
  if (wanted !== undefined && wanted !== "" && wanted !== "epoll" && wanted !== "portable") {
    throw new StartError(
      `HAYATE_REACTOR=${wanted}: unknown reactor, allowed are epoll and portable`,
      2,
    );
  }
  const backend = wanted || (await epollWorks() ? "epoll" : "portable");
  if (backend === "epoll") {
    const { EpollReactor } = await import("./epoll/epoll_reactor.ts");
    return new EpollReactor();
  }
  const { PortableReactor } = await import("./portable/portable_reactor.ts");
  return new PortableReactor();
}

async function epollWorks(): Promise<boolean> {
  if (Deno.build.os !== "linux") return false;
  const permission = await Deno.permissions.query({ name: "ffi" });
  return permission.state === "granted";
}
