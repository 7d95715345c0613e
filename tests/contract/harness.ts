/** Harness of the contract tests: a running reactor and recording peers. */
import { type Address } from "../../mod/base/address.ts";
import type { PeerError } from "../../mod/base/errors.ts";
// Imported here, so that no single test appears to leak the libraries that stay open.
import "../../mod/net/epoll/epoll_reactor.ts";
import "../support/compiled_calls.ts";
import { createReactor } from "../../mod/net/mod.ts";
import type {
  AcceptHandler,
  ConnectOptions,
  Listener,
  ListenOptions,
  Reactor,
  Socket,
  SocketHandler,
} from "../../mod/net/reactor.ts";
import { TlsEnds } from "./tls_ends.ts";
import { type TempFolder, tempFolder } from "../support/ports.ts";
import { sleep, withTimeout } from "../support/child.ts";

/** All backends of the contract. */
export const backends = ["portable", "epoll"] as const;
export type Backend = typeof backends[number];

/** The transports that streams are tested over. */
export const transports = ["tcp4", "tcp6", "unix", "tls"] as const;
export type Transport = typeof transports[number];
/** Transports for tests in which one end is a plain Deno socket. */
export const plainTransports = ["tcp4", "tcp6", "unix"] as const;

/** How long one contract test may take before it counts as hung. */
const testTimeoutMs = 20_000;

/** Registers `name` once per backend; the reactor runs during `fn` and is stopped after it. */
export function contractTest(
  name: string,
  fn: (rig: Rig) => Promise<void>,
  timeoutMs = testTimeoutMs,
): void {
  for (const backend of backends) {
    Deno.test(`${backend}: ${name}`, async () => {
      await using rig = await Rig.start(backend);
      const done = await withTimeout(
        Promise.race([fn(rig).then(() => true), rig.failure]),
        timeoutMs,
      );
      if (done === null) throw new Error(`not done after ${timeoutMs} ms; ${rig.describe()}`);
    });
  }
}

/** The same, once per backend and transport. */
export function streamTest(
  name: string,
  fn: (rig: Rig, transport: Transport) => Promise<void>,
  only: readonly Transport[] = transports,
): void {
  for (const transport of only) {
    contractTest(`${name} (${transport})`, async (rig) => {
      if (transport === "tls") rig.secure = await TlsEnds.make(rig.reactor);
      await fn(rig, transport);
    });
  }
}

/** A socket handler that records its callbacks and lets a test wait for them. */
export class Recorder implements SocketHandler {
  socket!: Socket;
  openCount = 0;
  endCount = 0;
  drainCount = 0;
  byteCount = 0;
  error: PeerError | null = null;
  closeCount = 0;
  /** Keep received bytes; off for tests of large amounts, which check each piece in `onBytes`. */
  keepsBytes = true;
  #chunks: Uint8Array[] = [];
  #waiters: { check: () => boolean; resolve: () => void }[] = [];

  onBytes: (bytes: Uint8Array, start: number, end: number) => void = () => {};
  onEnded: () => void = () => {};
  onDrained: () => void = () => {};

  /** The bytes received so far, one character per byte. */
  get text(): string {
    return this.#chunks.map((chunk) => new TextDecoder("latin1").decode(chunk)).join("");
  }

  onOpen(_socket: Socket): void {
    this.openCount++;
    this.#wake();
  }
  onData(_socket: Socket, bytes: Uint8Array, start: number, end: number): void {
    this.byteCount += end - start;
    if (this.keepsBytes) this.#chunks.push(bytes.slice(start, end));
    this.onBytes(bytes, start, end);
    this.#wake();
  }
  onDrain(_socket: Socket): void {
    this.drainCount++;
    this.onDrained();
    this.#wake();
  }
  onEnd(_socket: Socket): void {
    this.endCount++;
    this.onEnded();
    this.#wake();
  }
  onClose(_socket: Socket, error: PeerError): void {
    this.closeCount++;
    this.error = error;
    this.#wake();
  }

  /** Resolves when `check` is true; it is evaluated after each callback. */
  until(check: (recorder: this) => boolean): Promise<void> {
    if (check(this)) return Promise.resolve();
    return new Promise((resolve) => this.#waiters.push({ check: () => check(this), resolve }));
  }

  /** Writes text; throws if it is not accepted entirely. */
  send(text: string): void {
    const bytes = new TextEncoder().encode(text);
    const accepted = this.socket.write(bytes, 0, bytes.length);
    if (accepted !== bytes.length) throw new Error(`write accepted ${accepted} of ${bytes.length}`);
  }

  describe(): string {
    return `open ${this.openCount}, bytes ${this.byteCount}, drain ${this.drainCount}, ` +
      `end ${this.endCount}, close ${this.closeCount} ${this.error?.code ?? ""}`;
  }

  #wake(): void {
    const waiters = this.#waiters;
    this.#waiters = [];
    for (const waiter of waiters) {
      if (waiter.check()) waiter.resolve();
      else this.#waiters.push(waiter);
    }
  }
}

/** The port of a TCP address. */
export function portOf(address: Address): number {
  if (address.kind === "unix") throw new TypeError("Cannot take a port: it is a unix socket");
  return address.port;
}

/** Both ends of one connection, both on the reactor under test. */
export interface Pair {
  readonly client: Recorder;
  readonly server: Recorder;
}

/** A running reactor and everything opened on it, which is closed at the end. */
export class Rig implements AsyncDisposable {
  readonly accepted: Recorder[] = [];
  readonly #listeners: Listener[] = [];
  readonly #recorders: Recorder[] = [];
  readonly #ends: (() => Promise<void>)[] = [];
  /** All accepted sockets: a server under test may not have seen its client's end yet. */
  readonly #acceptedSockets: Socket[] = [];
  #folder: TempFolder | null = null;
  #acceptWaiters: (() => void)[] = [];
  /** Rejects when `run` does. */
  readonly failure: Promise<never>;
  #isRunning = true;
  /** If set, all listeners and connections use TLS. */
  secure: TlsEnds | null = null;

  private constructor(readonly reactor: Reactor) {
    this.failure = new Promise((_, reject) => {
      this.running = reactor.run();
      this.running.catch(reject).finally(() => this.#isRunning = false);
    });
    this.failure.catch(() => {});
  }

  /** The promise of `run`. */
  running!: Promise<void>;

  static async start(backend: Backend): Promise<Rig> {
    return new Rig(await createReactor(backend));
  }

  /** A temporary folder for socket files. */
  async folder(): Promise<string> {
    this.#folder ??= await tempFolder();
    return this.#folder.path;
  }

  async address(transport: Transport): Promise<Address> {
    if (transport === "tcp4" || transport === "tls") {
      return { kind: "tcp", host: "127.0.0.1", port: 0 };
    }
    if (transport === "tcp6") return { kind: "tcp", host: "::1", port: 0 };
    return { kind: "unix", path: `${await this.folder()}/${this.#listeners.length}.sock` };
  }

  /** Listens; accepted connections go to `accepted`, unless `onAccept` is given. */
  listen(address: Address, options: ListenOptions = {}, onAccept?: AcceptHandler): Listener {
    const accept = onAccept ?? ((socket: Socket) => this.#accept(socket));
    const secured = this.secure?.accepting(accept) ?? accept;
    return this.track(this.reactor.listen(address, options, (socket, listener) => {
      this.#acceptedSockets.push(socket);
      return secured(socket, listener);
    }));
  }

  adopt(fd: number, options: ListenOptions = {}): Listener {
    return this.track(this.reactor.adopt(fd, options, (socket) => this.#accept(socket)));
  }

  /** Registers `end` to be called while the reactor still runs. */
  atEnd(end: () => Promise<void>): void {
    this.#ends.push(end);
  }

  /** Registers `listener` to be closed at the end of the test. */
  track(listener: Listener): Listener {
    this.#listeners.push(listener);
    return listener;
  }

  connect(address: Address, options?: ConnectOptions): Recorder {
    const recorder = this.recorder();
    recorder.socket = this.secure !== null
      ? this.secure.connect(address, recorder)
      : options === undefined
      ? this.reactor.connect(address, recorder)
      : this.reactor.connect(address, recorder, options);
    return recorder;
  }

  /** A recorder whose socket is closed at the end of the test. */
  recorder(): Recorder {
    const recorder = new Recorder();
    this.#recorders.push(recorder);
    return recorder;
  }

  /** Resolves when `count` connections have been accepted. */
  async untilAccepted(count: number): Promise<void> {
    while (this.accepted.length < count) {
      await new Promise<void>((resolve) => this.#acceptWaiters.push(resolve));
    }
  }

  /** A connection through a new listener. */
  async pair(transport: Transport = "tcp4"): Promise<Pair> {
    return (await this.pairs(1, transport))[0];
  }

  /** `count` connections through one listener. */
  async pairs(count: number, transport: Transport = "tcp4"): Promise<Pair[]> {
    const servers: Recorder[] = [];
    const listener = this.listen(await this.address(transport), {}, (socket) => {
      const server = this.recorder();
      server.socket = socket;
      servers.push(server);
      this.#announce();
      return server;
    });
    const pairs: Pair[] = [];
    while (pairs.length < count) {
      // One after another, so that the n-th accepted belongs to the n-th connected.
      const client = this.connect(listener.address);
      await client.until((c) => c.openCount + c.closeCount > 0);
      if (client.error !== null) throw new Error(`connect failed: ${client.error.code}`);
      while (servers.length <= pairs.length) {
        await new Promise<void>((resolve) => this.#acceptWaiters.push(resolve));
      }
      // The server sends session tickets after its handshake. If a client closed before reading
      // them, the kernel would send a reset, which destroys data in flight (TCP).
      if (this.secure !== null) await sleep(20);
      pairs.push({ client, server: servers[pairs.length] });
    }
    return pairs;
  }

  /** Stops the reactor and waits until `run` has resolved. */
  async stop(): Promise<void> {
    if (!this.#isRunning) return;
    this.reactor.stop();
    await this.running.catch(() => {});
  }

  /** Starts it again. */
  restart(): void {
    this.#isRunning = true;
    this.running = this.reactor.run();
  }

  describe(): string {
    return this.#recorders.slice(0, 10).map((r, i) => `socket ${i}: ${r.describe()}`).join("; ");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // Closing a listener accepts what waits in its queue; Deno's needs a few turns for that.
    for (const listener of this.#listeners) listener.close();
    for (let seen = -1; seen < this.#acceptedSockets.length;) {
      seen = this.#acceptedSockets.length;
      await sleep(20);
    }
    for (const end of this.#ends) await end();
    for (const recorder of this.#recorders) recorder.socket?.abort();
    for (const socket of this.#acceptedSockets) socket.abort();
    // Peers that are not recorders close when they see the end.
    await sleep(30);
    await this.stop();
    this.secure?.close();
    await this.#folder?.[Symbol.asyncDispose]();
  }

  #accept(socket: Socket): SocketHandler {
    const recorder = this.recorder();
    recorder.socket = socket;
    this.accepted.push(recorder);
    this.#announce();
    return recorder;
  }

  #announce(): void {
    const waiters = this.#acceptWaiters;
    this.#acceptWaiters = [];
    for (const resolve of waiters) resolve();
  }
}
