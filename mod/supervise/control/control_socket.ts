/** The control socket of `hayate supervise status`, `reload` and `stop`. Speaks JSON lines. */
import { unixPathBytesMax } from "../../base/address.ts";
import { StartError } from "../../base/errors.ts";
import { count, flag, nullable, record, text } from "../../base/shape.ts";
import { bindInheritable } from "../../net/inheritable.ts";
import { removeSocketPath, socketInode } from "../../net/unix_path.ts";
import type { Channel } from "../../process/channel.ts";
import { ChannelServer } from "../../process/channel_socket.ts";
import type { HealthAnswer } from "../../probes/container_channel.ts";
import type { State } from "../../lifecycle/core/state.ts";

/** A client's requests. `restart` also waits until every older worker has ended. */
export type Command = "status" | "health" | "reload" | "restart" | "stop";
const commands: readonly string[] = ["status", "health", "reload", "restart", "stop"];

/** The outcome of a reload. */
export interface Outcome {
  readonly ok: boolean;
  /** The newest one that serves. */
  readonly generation: number;
  /** Why it failed, or null. */
  readonly reason: string | null;
}

/** Checked by the client, as another version may have sent it. */
export const outcomeShape = record<Outcome>({
  ok: flag,
  generation: count,
  reason: nullable(text),
});

/** What the control socket needs from the supervisor. */
export interface Controlled {
  readonly state: State;
  status(): unknown;
  health(): HealthAnswer;
  hup(): void;
  stop(): void;
}

interface PendingReload {
  readonly channel: Channel;
  readonly firstGeneration: number;
  readonly waitsForOld: boolean;
}

const clientsMax = 64;

export class ControlSocket {
  readonly #inode: number | null;
  readonly #server: ChannelServer;
  #pending: PendingReload[] = [];

  /** Replaces a stale socket file: a live owner would hold the pid file. Throws `StartError`. */
  constructor(readonly path: string, readonly controlled: Controlled) {
    if (new TextEncoder().encode(path).length > unixPathBytesMax) {
      throw new StartError(
        `${path}: too long for a socket path (at most ${unixPathBytesMax} bytes)`,
        36,
      );
    }
    removeStale(path);
    const fd = bindInheritable({ kind: "unix", path }, { backlog: clientsMax, mode: 0o600 });
    this.#inode = socketInode(path);
    this.#server = new ChannelServer(
      fd,
      clientsMax,
      (channel, message) => this.#answer(channel, message),
    );
  }

  close(): void {
    // Before the close: while the socket is open, its inode number cannot be reused.
    removeSocketPath(this.path, this.#inode);
    this.#server.close();
  }

  /** Sends the outcome to the clients whose reload has finished. */
  onStep(state: State): void {
    this.#pending = this.#pending.filter(({ channel, firstGeneration, waitsForOld }) => {
      const outcome = outcomeOf(state, firstGeneration, waitsForOld);
      if (outcome !== null) channel.send(outcome);
      return outcome === null && channel.isOpen;
    });
  }

  #answer(channel: Channel, message: unknown): void {
    const command = (message as { command?: unknown } | null)?.command;
    if (typeof command !== "string" || !commands.includes(command)) {
      channel.send({ ok: false, reason: "unknown command" });
      return;
    }
    this.#perform(channel, command as Command);
  }

  #perform(channel: Channel, command: Command): void {
    const { controlled } = this;
    if (command === "status") return void channel.send(controlled.status());
    if (command === "health") return void channel.send(controlled.health());
    if (command === "stop") return controlled.stop();
    this.#pending.push({
      channel,
      firstGeneration: controlled.state.generation + 1,
      waitsForOld: command === "restart",
    });
    controlled.hup();
    this.onStep(controlled.state);
  }
}

/** The outcome of a reload whose first generation is `firstGeneration`; null while in progress. */
export function outcomeOf(
  state: State,
  firstGeneration: number,
  waitsForOld: boolean,
): Outcome | null {
  const serving = state.slots.map(({ current }) => current?.generation ?? 0);
  const generation = Math.max(0, ...serving);
  if (state.phase !== "running") {
    return { ok: false, generation, reason: "the supervisor is stopping" };
  }
  const busy = state.restart !== null || state.restartWaiting ||
    state.slots.some((slot) => slot.candidate !== null || slot.retryPending || slot.blocked);
  if (busy) return null;
  if (serving.some((each) => each < firstGeneration)) {
    return { ok: false, generation, reason: state.lastFailure?.reason ?? "the restart failed" };
  }
  const old = state.slots.some(({ draining }) =>
    draining.some((worker) => worker.generation < firstGeneration)
  );
  return waitsForOld && old ? null : { ok: true, generation, reason: null };
}

function removeStale(path: string): void {
  try {
    if (Deno.lstatSync(path).isSocket) Deno.removeSync(path);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}
