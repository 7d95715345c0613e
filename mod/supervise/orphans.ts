/**
 * Workers of a supervisor that was killed: they still serve and hold the sockets we need. We copy
 * the sockets out of them, so that no client is refused, and replace the workers as on a restart.
 */
import { type Address, formatAddress } from "../base/address.ts";
import { closeAll, localAddressOf } from "../net/descriptor.ts";
import { isListening } from "../net/listening.ts";
import { copyDescriptor } from "../process/pidfd.ts";
import { allPids, processInfo, socketsOf, startEnvironment } from "../process/proc.ts";
import { leaseVariable, renewLease } from "../process/handover/socket_lease.ts";
import { servedConfigVariable } from "../process/handover/starter_port.ts";
import { supervisorVariable } from "./launcher.ts";
import type { ListenSpec } from "../config/listen_spec.ts";
import type { Worker } from "../lifecycle/core/state.ts";

/** A worker whose supervisor has died. */
export interface Orphan {
  readonly pid: number;
  readonly generation: number;
  /** The configuration file that it found in a default place. */
  readonly servedConfig: string | null;
  /** Descriptor number of the lease from its supervisor; null for none. */
  readonly lease: string | null;
}

/**
 * Orphans that hold one of the sockets of `specs`, or whose supervisor was the process `deadPid`
 * in our pid file.
 */
export function findOrphans(specs: readonly ListenSpec[], deadPid: number | null): Orphan[] {
  const names = new Set(specs.map(({ name }) => name));
  const found = new Map<number, { orphan: Orphan; parent: number }>();
  for (const pid of allPids()) {
    const environment = pid === Deno.pid ? null : startEnvironment(pid);
    const port = environment?.["SERVER_STARTER_PORT"];
    const generation = Number(environment?.["SERVER_STARTER_GENERATION"]);
    if (environment === null || port === undefined || !(generation > 0)) continue;
    const info = processInfo(pid);
    const supervisor = environment[supervisorVariable];
    if (info === null || !isDead(supervisor, info.parent)) continue;
    const ours = Number(supervisor?.split(":")[0]) === deadPid ||
      port.split(";").some((item) => names.has(item.replace(/=\d+$/, "")));
    const servedConfig = environment[servedConfigVariable] ?? null;
    const lease = environment[leaseVariable] ?? null;
    const orphan = { pid, generation, servedConfig, lease };
    if (ours) found.set(pid, { orphan, parent: info.parent });
  }
  // A worker's own children have its environment, too; they are left to the worker.
  return [...found.values()].filter(({ parent }) => !found.has(parent))
    .map(({ orphan }) => orphan);
}

/** `supervisor` is PID:STARTTIME; workers of Perl's start_server have none, but parent 1. */
function isDead(supervisor: string | undefined, parent: number): boolean {
  if (supervisor === undefined) return parent === 1 && Deno.pid !== 1;
  const [pid, startTime] = supervisor.split(":");
  return processInfo(Number(pid))?.startTime !== startTime;
}

/** The orphans as workers of the core. */
export function asWorkers(
  orphans: readonly Pick<Orphan, "pid" | "generation">[],
  nowMs: number,
): Worker[] {
  return orphans.map(({ pid, generation }) => ({
    pid,
    generation,
    startedMs: nowMs,
    pausable: false,
    signalled: false,
    owesReopening: false,
    orphan: true,
  }));
}

/**
 * Renews the leases of orphans whose sockets we hold from now on. Without this they would shut our
 * queues when they end, as their supervisor is dead. Returns the descriptors to close when we release
 * the sockets.
 */
export function renewLeases(orphans: readonly Orphan[]): number[] {
  return orphans.flatMap(({ pid, lease }) => {
    const fd = lease === null ? null : renewLease(pid, lease);
    return fd === null ? [] : [fd];
  });
}

/** Copies up to `count` sockets of `spec` out of the orphans; empty without permission. */
export function takeSockets(
  orphans: readonly Orphan[],
  spec: ListenSpec,
  count: number,
): number[] {
  const taken: number[] = [];
  const seen = new Set<string>();
  for (const { pid } of orphans) {
    for (const { number, inode } of socketsOf(pid)) {
      if (taken.length >= count) return taken;
      if (seen.has(inode)) continue;
      const fd = copyDescriptor(pid, number);
      if (fd < 0) continue;
      if (isSocketOf(fd, spec)) {
        seen.add(inode);
        taken.push(fd);
      } else closeAll([fd]);
    }
  }
  return taken;
}

function isSocketOf(fd: number, { address, datagram }: ListenSpec): boolean {
  if (!datagram && !isListening(fd)) return false;
  return sameAddress(localAddressOf(fd), address);
}

function sameAddress(left: Address, right: Address): boolean {
  return formatAddress(left) === formatAddress(right);
}
