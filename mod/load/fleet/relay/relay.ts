/**
 * `hayate load relay`: where the tasks of `hayate load --on swarm` and their coordinator meet. It runs
 * in a container on the tasks' network, started by the coordinator, whose words come by standard input.
 */
import { exitCodes, StartError } from "../../../base/errors.ts";
import { isSameSecret } from "../../../base/same_secret.ts";
import { createReactor } from "../../../net/mod.ts";
import type { Listener, Reactor } from "../../../net/reactor.ts";
import { secureAccept } from "../../../tls/secure_accept.ts";
import { writeSelfSigned } from "../../../tls/self_signed.ts";
import { ServerContext } from "../../../tls/server_context.ts";
import type { ByteChannel } from "../wire/byte_channel.ts";
import { encodeLine, LineReader } from "../wire/lines.ts";
import { dialect, silenceMaxMs } from "../wire/messages.ts";
import {
  type FromRelay,
  type Greeting,
  readToRelay,
  relayName,
  type ToRelay,
} from "../wire/relay_messages.ts";
import { RelayedTask } from "./relayed_task.ts";

const handshakeTimeoutMs = 10_000;
/** How long the tasks may take to leave when the coordinator has gone. */
const leaveMaxMs = 2000;
/** Connections besides those of the tasks: a task that dials again, and strangers on the network. */
const sparesMax = 64;
/** So much may wait for the coordinator before tasks are no longer read. */
const unsentBytesMax = 8 * 1024 * 1024;

/** Serves until the coordinator has gone or is silent. Resolves to the exit code. */
export async function relay(channel: ByteChannel): Promise<number> {
  const reactor = await createReactor();
  const { context, certificate } = makeContext();
  const served = new Relay(channel, reactor);
  const listener = served.listen(context, certificate);
  const silence = setInterval(() => served.look(performance.now()), 1000);
  void reactor.run();
  const code = await served.serve();
  clearInterval(silence);
  listener.close();
  reactor.stop();
  return code;
}

/** Written to files, because OpenSSL reads nothing else, and removed at once. */
function makeContext(): { context: ServerContext; certificate: string } {
  const folder = Deno.makeTempDirSync({ dir: "/dev/shm" });
  try {
    const [certificateFile, keyFile] = [`${folder}/cert.pem`, `${folder}/key.pem`];
    writeSelfSigned([relayName], certificateFile, keyFile);
    const context = new ServerContext({
      identities: [{ certificates: [{ certificateFile, keyFile }] }],
      minimumVersion: "TLSv1.3",
    });
    return { context, certificate: Deno.readTextFileSync(certificateFile) };
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
}

class Relay {
  readonly #channel: ByteChannel;
  readonly #reactor: Reactor;
  /** Those that have greeted, by their number, and those that have not. */
  readonly #tasks = new Map<number, RelayedTask>();
  readonly #strangers = new Set<RelayedTask>();
  #lastNumber = 0;
  #opened: Extract<ToRelay, { kind: "open" }> | null = null;
  #heardAtMs = performance.now();
  /** The coordinator has gone. */
  #isLeft = false;
  #unsentBytes = 0;
  #unsent: Promise<void> = Promise.resolve();
  #end: (code: number) => void = () => {};

  constructor(channel: ByteChannel, reactor: Reactor) {
    this.#channel = channel;
    this.#reactor = reactor;
  }

  /** Any free port will do: the coordinator tells the tasks. */
  listen(context: ServerContext, certificate: string): Listener {
    const accept = secureAccept({
      wheel: this.#reactor.wheel,
      now: () => this.#reactor.nowMs,
      context: () => context.pointer,
      handshakeTimeoutMs,
      onFailure: () => {},
      pending: new Set(),
    }, (socket) => new RelayedTask(socket, this));
    const any = { kind: "tcp", host: "0.0.0.0", port: 0 } as const;
    const listener = this.#reactor.listen(any, {}, accept);
    if (listener.address.kind !== "tcp") throw new StartError("the relay has no port");
    this.#say({ kind: "listening", dialect, port: listener.address.port, certificate });
    return listener;
  }

  async serve(): Promise<number> {
    const ended = new Promise<number>((resolve) => this.#end = resolve);
    const gone = () => this.#end(exitCodes.failed);
    const hear = async () => {
      const reader = new LineReader((line) => this.#take(line));
      for await (const bytes of this.#channel.input) {
        this.#heardAtMs = performance.now();
        if (!reader.take(bytes)) return gone();
      }
      // The coordinator closes the channel when it needs no more tasks.
      for (const task of this.#tasks.values()) task.close();
      this.#isLeft = true;
      this.#endWhenAlone();
      setTimeout(() => this.#end(exitCodes.ok), leaveMaxMs);
    };
    hear().catch(gone);
    this.#unsent.catch(gone);
    return await ended;
  }

  look(nowMs: number): void {
    if (nowMs - this.#heardAtMs > silenceMaxMs) this.#end(exitCodes.failed);
    for (const task of this.#strangers) task.look(nowMs);
  }

  /** A connection is open, and may say who it is. */
  meet(task: RelayedTask): void {
    if (this.#strangers.size >= sparesMax) return task.abort();
    this.#strangers.add(task);
  }

  /** Whether this is the token, and there is room. */
  admit(task: RelayedTask, { token, who }: Greeting): boolean {
    const opened = this.#opened;
    if (opened === null || !isSameSecret(token, opened.token)) return false;
    if (this.#tasks.size >= opened.tasksMax + sparesMax) return false;
    this.#strangers.delete(task);
    task.number = ++this.#lastNumber;
    this.#tasks.set(task.number, task);
    this.#say({ kind: "came", task: task.number, who });
    return true;
  }

  bring(task: RelayedTask, line: string): void {
    this.#say({ kind: "line", task: task.number, line });
  }

  take(task: RelayedTask): void {
    this.#say({ kind: "taken", task: task.number });
  }

  leave(task: RelayedTask, reason: string): void {
    this.#strangers.delete(task);
    if (this.#tasks.delete(task.number)) this.#say({ kind: "gone", task: task.number, reason });
    this.#endWhenAlone();
  }

  #endWhenAlone(): void {
    if (this.#isLeft && this.#tasks.size === 0) this.#end(exitCodes.ok);
  }

  #take(line: string): void {
    const message = readToRelay(line);
    if (typeof message === "string") return this.#end(exitCodes.failed);
    const { value } = message;
    if (value.kind === "open") this.#opened = value;
    else if (value.kind === "line") this.#tasks.get(value.task)?.send(value.line);
    else if (value.kind === "drop") this.#tasks.get(value.task)?.close();
  }

  #say(message: FromRelay): void {
    const bytes = encodeLine(message);
    this.#unsentBytes += bytes.length;
    if (this.#unsentBytes > unsentBytesMax) {
      for (const task of this.#tasks.values()) {
        task.pause();
      }
    }
    this.#unsent = this.#unsent.then(async () => {
      await this.#channel.write(bytes);
      this.#unsentBytes -= bytes.length;
      if (this.#unsentBytes === 0) { for (const task of this.#tasks.values()) task.resume(); }
    });
    this.#unsent.catch(() => this.#end(exitCodes.failed));
  }
}
