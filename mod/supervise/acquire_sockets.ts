/** Where the listening sockets come from: another program or supervisor, systemd, orphans, or bind(2). */
import { AddressInUse } from "../net/inheritable.ts";
import { processInfo } from "../process/proc.ts";
import { sendSignal } from "../process/signals/signals.ts";
import { delay } from "../std/async.ts";
import { findOrphans, type Orphan, takeSockets } from "./orphans.ts";
import type { RunPlan } from "./plan/plan.ts";
import type { TakenState } from "./replacement/take_state.ts";
import type { ReportEvent } from "./report.ts";
import { HeldSockets } from "./sockets/held_sockets.ts";
import type { GivenSocket } from "./sockets/listen_fds.ts";
import { numberOf } from "./sockets/owners.ts";
import type { Succession } from "./takeover/succession.ts";

/** Orphans whose sockets cannot be copied have this long to end before they are killed. */
const orphanEndMs = 30_000;
const orphanPollMs = 50;

export interface SocketSources {
  readonly plan: RunPlan;
  /** Sockets of systemd. */
  readonly given: readonly GivenSocket[];
  /** Descriptors that workers inherit under the same numbers. */
  readonly passedThrough: readonly number[];
  /** Workers of a supervisor that died. */
  readonly orphans: readonly Orphan[];
  /** What the program before this one has left; null: none was replaced. */
  readonly taken: TakenState | null;
  readonly succession: Succession | null;
  report(entry: ReportEvent): void;
}

export interface AcquiredSockets {
  readonly sockets: HeldSockets;
  /** Those that still run: they are to be replaced. */
  readonly orphans: readonly Orphan[];
}

/** Opens every socket or none. Throws `StartError`. */
export async function acquireSockets(sources: SocketSources): Promise<AcquiredSockets> {
  let { orphans } = sources;
  const first = tryToOpen(sources, orphans);
  if (first instanceof HeldSockets) return { sockets: first, orphans };
  if (orphans.length === 0) orphans = findOrphans(sources.plan.listen, null);
  if (orphans.length === 0) throw first;
  const second = tryToOpen(sources, orphans);
  if (second instanceof HeldSockets) return { sockets: second, orphans };
  // Without permission to copy their sockets, the port is free only after they have ended.
  await endOrphans(sources, orphans);
  return { sockets: open(sources, []), orphans: [] };
}

function tryToOpen(
  sources: SocketSources,
  orphans: readonly Orphan[],
): HeldSockets | AddressInUse {
  try {
    return open(sources, orphans);
  } catch (error) {
    if (error instanceof AddressInUse) return error;
    throw error;
  }
}

function open(
  { plan, given, passedThrough, taken, succession, report }: SocketSources,
  orphans: readonly Orphan[],
): HeldSockets {
  const names = new Set(plan.listen.map(({ name }) => name));
  const more = given.map(({ spec }) => spec).filter(({ name }) => !names.has(name));
  return new HeldSockets(
    [...plan.listen, ...more],
    {
      backlog: plan.backlog,
      reusePort: plan.reusePort,
      mode: plan.socketMode,
      uid: numberOf("user", plan.socketOwner),
      gid: numberOf("group", plan.socketGroup),
      passedThrough,
      listenFds: plan.listenFds,
    },
    plan.workers,
    {
      onDescriptor: (number) => report({ event: "descriptor", number }),
      onRemoved: (path) => report({ event: "socket-removed", path }),
    },
    (spec, count) => {
      const kept = taken?.claim(spec, count) ?? null;
      if (kept !== null) return kept;
      const claimed = succession?.claim(spec, count) ?? [];
      if (claimed.length > 0) return { fds: claimed, madeByUs: true };
      const fds = given.filter((socket) => socket.spec.name === spec.name).map(({ fd }) => fd);
      return fds.length > 0
        ? { fds: fds.slice(0, count), madeByUs: false }
        : { fds: takeSockets(orphans, spec, count), madeByUs: true };
    },
  );
}

async function endOrphans(
  { plan, report }: SocketSources,
  orphans: readonly Orphan[],
): Promise<void> {
  const pids = orphans.map(({ pid }) => pid);
  const text = `ending workers of a supervisor that died to free their sockets:${pids}`;
  report({ event: "note", text });
  for (const pid of pids) sendSignal(pid, plan.settings.signalOnTerm);
  const deadline = performance.now() + (plan.settings.drainTimeoutMs || orphanEndMs);
  while (pids.some((pid) => processInfo(pid) !== null)) {
    if (performance.now() > deadline) { for (const pid of pids) sendSignal(pid, "KILL"); }
    await delay(orphanPollMs);
  }
}
