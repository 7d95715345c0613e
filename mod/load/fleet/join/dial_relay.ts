/** A task's way to its coordinator: through the relay that a file tells of. */
import { type PeerError, StartError, systemReason } from "../../../base/errors.ts";
import { formatAddress } from "../../../base/address.ts";
import { createReactor } from "../../../net/mod.ts";
import type { Reactor, Socket, SocketHandler } from "../../../net/reactor.ts";
import { getVariable } from "../../../process/environment.ts";
import { delay } from "../../../std/async.ts";
import { ClientContext } from "../../../tls/client_context.ts";
import { connectSecure } from "../../../tls/connect.ts";
import type { ByteChannel } from "../wire/byte_channel.ts";
import { encodeLine } from "../wire/lines.ts";
import {
  type Greeting,
  readRelayFile,
  relayName,
  type RelayPlace,
  type TaskWords,
} from "../wire/relay_messages.ts";
import { SocketWriter } from "../wire/socket_writer.ts";

/** A new network may need seconds until its nodes know each other's addresses. */
const dialMaxMs = 60_000;
const pauseMs = 500;
/** Input that was not read yet; more waits in the kernel. */
const unreadBytesMax = 1 << 20;
/** How long the last words may take. */
const closeMaxMs = 2000;

export interface Dialed {
  readonly channel: ByteChannel;
  /** Resolves when the relay has all that was written, or does not take it. */
  close(): Promise<void>;
}

/** Connects, and says which task this is. Throws `StartError`. */
export async function dialRelay(file: string): Promise<Dialed> {
  const place = readPlace(file);
  const context = new ClientContext({ caFile: file, minimumVersion: "TLSv1.3" });
  const reactor = await createReactor();
  void reactor.run();
  const connection = await connect(reactor, place, context);
  const greeting: Greeting = { token: place.token, who: ownWords() };
  await connection.write(encodeLine(greeting));
  return {
    channel: { input: connection.input, write: (bytes) => connection.write(bytes) },
    async close() {
      connection.shutdown();
      await Promise.race([connection.ended, delay(closeMaxMs)]);
      reactor.stop();
    },
  };
}

function readPlace(file: string): RelayPlace {
  let text: string;
  try {
    text = Deno.readTextFileSync(file);
  } catch (cause) {
    throw new StartError(`${file}: ${systemReason(cause)}`, 1, { cause });
  }
  const read = readRelayFile(text);
  if (typeof read === "string") throw new StartError(`${file}: ${read}`);
  return read.value;
}

/** The engine fills the variables in: see `serviceArgs`. */
function ownWords(): TaskWords {
  const variable = (name: string) => getVariable(`HAYATE_TASK_${name}`) ?? "";
  return { id: variable("ID"), slot: variable("SLOT"), node: variable("NODE") };
}

async function connect(
  reactor: Reactor,
  { host, port }: RelayPlace,
  context: ClientContext,
): Promise<RelayConnection> {
  const address = { kind: "tcp", host, port } as const;
  const deadlineMs = performance.now() + dialMaxMs;
  for (;;) {
    const connection = new RelayConnection();
    const socket = connectSecure(reactor, address, connection, context, { serverName: relayName });
    const error = await Promise.race([
      connection.opened,
      delay(deadlineMs - performance.now()).then(() => "no answer"),
    ]);
    if (error === null) return connection;
    socket.abort();
    if (performance.now() > deadlineMs) {
      throw new StartError(`cannot reach the relay at ${formatAddress(address)}: ${error}`);
    }
    await delay(pauseMs);
  }
}

/** The connection as streams: the coordinator's messages are few. */
class RelayConnection implements SocketHandler {
  /** Resolves to null, or to why it failed. */
  readonly opened: Promise<string | null>;
  /** Resolves at the end of the connection. */
  readonly ended: Promise<void>;
  readonly input: ReadableStream<Uint8Array>;
  #open: (error: string | null) => void = () => {};
  #end: () => void = () => {};
  #socket: Socket | null = null;
  #writer: SocketWriter | null = null;
  #controller: ReadableStreamDefaultController<Uint8Array> | null = null;

  constructor() {
    this.opened = new Promise((resolve) => this.#open = resolve);
    this.ended = new Promise((resolve) => this.#end = resolve);
    this.input = new ReadableStream({
      start: (controller) => void (this.#controller = controller),
      pull: () => this.#socket?.resume(),
    }, { highWaterMark: unreadBytesMax, size: (bytes) => bytes.length });
  }

  write(bytes: Uint8Array): Promise<void> {
    return new Promise((taken) => {
      if (this.#writer === null) taken();
      else this.#writer.write(bytes, taken);
    });
  }

  shutdown(): void {
    this.#writer?.shutdown();
  }

  onOpen(socket: Socket): void {
    this.#socket = socket;
    this.#writer = new SocketWriter(socket);
    this.#open(null);
  }

  onData(socket: Socket, bytes: Uint8Array, start: number, end: number): void {
    this.#controller?.enqueue(bytes.slice(start, end));
    if ((this.#controller?.desiredSize ?? 0) <= 0) socket.pause();
  }

  onDrain(): void {
    this.#writer?.flush();
  }

  onEnd(socket: Socket): void {
    this.#leave();
    socket.close();
  }

  onClose(_socket: Socket, error: PeerError): void {
    this.#open(error.message);
    this.#leave();
  }

  #leave(): void {
    this.#writer?.drop();
    this.#writer = null;
    this.#controller?.close();
    this.#controller = null;
    this.#end();
  }
}
