/** Raw byte streams for tests: the test controls exactly what is sent and sees what is received. */
import type { Address } from "../../mod/base/address.ts";

const encoder = new TextEncoder();

/** Connects one of Deno's own sockets, to use no code under test. */
export async function connectTo(address: Address): Promise<Deno.Conn> {
  if (address.kind === "unix") {
    return await Deno.connect({ transport: "unix", path: address.path });
  }
  return await Deno.connect({ hostname: address.host, port: address.port });
}

/** A TCP address at 127.0.0.1. */
export function tcp(port: number, host = "127.0.0.1"): Extract<Address, { kind: "tcp" }> {
  return { kind: "tcp", host, port };
}

/** A unix socket's address. */
export function unix(path: string): Extract<Address, { kind: "unix" }> {
  return { kind: "unix", path };
}

/** When a read stops, apart from the peer's close. */
export interface ReadLimits {
  /** The read ends after this long without input. Default 300 ms. */
  readonly idleMs?: number;
  /** How long it waits for the first byte. Default `idleMs`. */
  readonly firstByteMs?: number;
  /** Limit for the whole read. Default 30 s. */
  readonly totalMs?: number;
}

/** One connection of a test. `using` closes it. */
export class RawConnection implements Disposable {
  readonly #conn: Deno.Conn;
  readonly #chunk = new Uint8Array(64 * 1024);
  /** A pending read that exceeded its limit: the next read uses its result. */
  #reading: Promise<number | null> | null = null;
  /** Unread input: a view of a larger buffer, with room after it. */
  #pending: Uint8Array<ArrayBuffer> = new Uint8Array(0);
  /** The peer has closed or reset the connection. */
  isClosedByPeer = false;
  /** The error when the connection ended with a reset instead of a FIN. */
  resetError: Error | null = null;

  constructor(conn: Deno.Conn) {
    this.#conn = conn;
  }

  static async open(address: Address): Promise<RawConnection> {
    return new RawConnection(await connectTo(address));
  }

  async send(bytes: string | Uint8Array): Promise<void> {
    const data = typeof bytes === "string" ? encoder.encode(bytes) : bytes;
    for (let sent = 0; sent < data.length;) sent += await this.#conn.write(data.subarray(sent));
  }

  /** Sends FIN; the peer may continue to send. */
  async halfClose(): Promise<void> {
    await this.#conn.closeWrite();
  }

  /** Reads up to and including `text`; on a timeout, throws with what was received. */
  async readUntil(text: string, totalMs = 30_000): Promise<string> {
    const deadline = performance.now() + totalMs;
    while (true) {
      const end = latin1(this.#pending).indexOf(text);
      if (end >= 0) return latin1(this.#take(end + text.length));
      if (!await this.#fill(deadline - performance.now())) {
        throw new Error(
          `Cannot read until ${JSON.stringify(text)}: ${
            this.isClosedByPeer ? "the peer closed" : "nothing more came in time"
          }; came ${JSON.stringify(latin1(this.#pending))}`,
        );
      }
    }
  }

  /** Reads exactly `count` bytes as Latin-1. */
  async readBytes(count: number, totalMs = 30_000): Promise<string> {
    const deadline = performance.now() + totalMs;
    while (this.#pending.length < count) {
      if (await this.#fill(deadline - performance.now())) continue;
      const why = this.isClosedByPeer ? "the peer closed" : "nothing more came in time";
      throw new Error(`Cannot read ${count} bytes: only ${this.#pending.length} came, ${why}`);
    }
    return latin1(this.#take(count));
  }

  /** Reads until the peer closes or sends nothing for `idleMs`. */
  async readAll(limits: ReadLimits = {}): Promise<Uint8Array> {
    const { idleMs = 300, firstByteMs = idleMs, totalMs = 30_000 } = limits;
    const deadline = performance.now() + totalMs;
    while (true) {
      const waitMs = this.#pending.length === 0 ? firstByteMs : idleMs;
      const left = Math.min(waitMs, deadline - performance.now());
      if (!await this.#fill(left)) return this.#take(this.#pending.length);
    }
  }

  /** True when the peer closes within `limitMs`; bytes received before stay readable. */
  async waitForClose(limitMs = 30_000): Promise<boolean> {
    const deadline = performance.now() + limitMs;
    while (await this.#fill(deadline - performance.now())) continue;
    return this.isClosedByPeer;
  }

  close(): void {
    this.#conn.close();
    // `close` makes the pending read fail; nothing awaits it.
    this.#reading?.catch(() => null);
  }

  [Symbol.dispose](): void {
    this.close();
  }

  async #fill(limitMs: number): Promise<boolean> {
    if (this.isClosedByPeer || limitMs <= 0) return false;
    this.#reading ??= this.#conn.read(this.#chunk);
    let timer = 0;
    const late = new Promise<undefined>((done) =>
      timer = setTimeout(() => done(undefined), limitMs)
    );
    try {
      const count = await Promise.race([this.#reading, late]);
      if (count === undefined) return false;
      this.#reading = null;
      if (count === null) {
        this.isClosedByPeer = true;
        return false;
      }
      this.#append(this.#chunk.subarray(0, count));
      return true;
    } catch (error) {
      this.#reading = null;
      this.isClosedByPeer = true;
      this.resetError = error as Error;
      return false;
    } finally {
      clearTimeout(timer);
    }
  }

  /** Grows by doubling: megabytes arrive in pieces of a few kilobytes. */
  #append(bytes: Uint8Array): void {
    const length = this.#pending.length + bytes.length;
    const from = this.#pending.byteOffset;
    let buffer = this.#pending.buffer;
    if (from + length > buffer.byteLength) {
      buffer = new ArrayBuffer(Math.max(2 * length, 4096));
      new Uint8Array(buffer).set(this.#pending);
      this.#pending = new Uint8Array(buffer, 0, length);
    } else {
      this.#pending = new Uint8Array(buffer, from, length);
    }
    this.#pending.set(bytes, length - bytes.length);
  }

  #take(count: number): Uint8Array {
    const taken = this.#pending.subarray(0, count);
    this.#pending = this.#pending.subarray(count);
    return taken;
  }
}

/**
 * Sends `bytes` on a new connection and returns everything received until the peer closes or sends
 * nothing for `idleMs`: 10 s by default where the bytes ask it to close, which a busy machine may need.
 * Waits 20 s for the first byte by default. Latin-1, so that every byte is one character.
 */
export async function rawExchange(
  address: Address,
  bytes: string | Uint8Array,
  limits: ReadLimits & { readonly halfClose?: boolean } = {},
): Promise<string> {
  using connection = await RawConnection.open(address);
  await connection.send(bytes);
  if (limits.halfClose) await connection.halfClose();
  const text = typeof bytes === "string" ? bytes : latin1(bytes);
  const idle = /\r\nconnection: *close\r\n/i.test(text) ? { idleMs: 10_000 } : {};
  return latin1(await connection.readAll({ firstByteMs: 20_000, ...idle, ...limits }));
}

/** Bytes as text, one character per byte. */
export function latin1(bytes: Uint8Array): string {
  let text = "";
  for (let at = 0; at < bytes.length; at += 8192) {
    text += String.fromCharCode(...bytes.subarray(at, at + 8192));
  }
  return text;
}
