/** Builds one load thread, with only the parts that its plan needs. */
import type { Reactor } from "../../net/reactor.ts";
import { createReactor } from "../../net/mod.ts";
import { LoadThread } from "./load_thread.ts";
import type { ThreadStats } from "../stats/thread_stats.ts";
import type { ThreadPlan } from "../plan/thread_plan.ts";

/** Throws `StartError` when a script or a certificate cannot be used. */
export async function assembleThread(
  plan: ThreadPlan,
  stats: ThreadStats,
  mark: SharedArrayBuffer | null = null,
): Promise<LoadThread> {
  const reactor = await createReactor(plan.reactor);
  const secure = plan.groups.some((group) => group.serverName !== null)
    ? await makeSecureClient(plan, stats, reactor)
    : null;
  const makeLanes = plan.http2 ? (await import("./http2/lanes.ts")).makeStreamLanes : null;
  const kind = plan.eventStreams !== null
    ? (await import("./events/event_parts.ts")).eventParts(plan.eventStreams)
    : plan.webSocket !== null
    ? (await import("./web_socket/web_socket_lanes.ts")).webSocketParts(plan.webSocket)
    : {};
  if (plan.script === null) {
    const replay = plan.replay === null
      ? null
      : new (await import("../replay/replay_schedule.ts")).ReplaySchedule(plan.replay, plan);
    const parts = { secure, makeLanes, script: null, replay, ...kind };
    return new LoadThread(plan, stats, reactor, parts);
  }
  const { ThreadScript } = await import("./thread_script.ts");
  // The script may call stop() before the thread exists and after it has ended.
  let thread: LoadThread | null = null;
  const script = await ThreadScript.load(plan.script, plan.index, () => thread?.stop(), mark);
  thread = new LoadThread(script.adapt(plan), stats, reactor, { secure, makeLanes, script });
  return thread;
}

async function makeSecureClient(plan: ThreadPlan, stats: ThreadStats, reactor: Reactor) {
  const { SecureClient } = await import("./secure_client.ts");
  const notesTransport = plan.extraTimes.includes("tlsHandshake");
  const clock = notesTransport ? () => reactor.readClockMs() : null;
  return new SecureClient(plan.tls, plan.http2, stats.counters, clock);
}
