/** Log lines as RFC 5424 messages over UDP, TCP or a unix socket. */
import { atExit } from "../base/at_exit.ts";
import { settlesWithin } from "./bounded_wait.ts";
import { DropCount } from "./drop_count.ts";
import { LineBuffer } from "./line_buffer.ts";
import { isoLocal } from "./strftime.ts";
import { pendingBytesMax, type Sink, type SinkComplaint } from "./sink.ts";

/** Sends messages; provided by `net/`. `datagram`: message boundaries are preserved. */
export interface SyslogTransport {
  readonly datagram: boolean;
  /** Rejects when the receiver cannot be reached. */
  send(bytes: Uint8Array): Promise<void>;
  close(): void;
}

export interface SyslogIdentity {
  /** RFC 5424 section 6.2.1, 0 to 23; 16 is local0. */
  readonly facility: number;
  /** 0 to 7; 6 is informational. */
  readonly severity: number;
  readonly hostname: string;
  readonly appName: string;
  readonly processId: number;
}

export const facilities: Readonly<Record<string, number>> = {
  kern: 0,
  user: 1,
  mail: 2,
  daemon: 3,
  auth: 4,
  syslog: 5,
  lpr: 6,
  news: 7,
  uucp: 8,
  cron: 9,
  authpriv: 10,
  ftp: 11,
  local0: 16,
  local1: 17,
  local2: 18,
  local3: 19,
  local4: 20,
  local5: 21,
  local6: 22,
  local7: 23,
};

const utf8 = new TextEncoder();
/** How long a receiver may take to read the rest at the end of the process. */
const closeMsMax = 3000;

export class SyslogSink implements Sink {
  readonly buffer = new LineBuffer();
  readonly #queue: Uint8Array[] = [];
  #queuedBytes = 0;
  #sending: Promise<void> | null = null;
  #complained = false;
  #isClosed = false;
  #header = { second: NaN, bytes: new Uint8Array(0) };
  readonly #forget: () => void;
  readonly #drops: DropCount;

  constructor(
    private readonly transport: SyslogTransport,
    private readonly identity: SyslogIdentity,
    private readonly complain: SinkComplaint,
  ) {
    this.#drops = new DropCount(
      complain,
      "the syslog receiver cannot be reached or reads too slowly",
    );
    this.#forget = atExit(() => this.#drain());
  }

  get droppedCount(): number {
    return this.#drops.total;
  }

  endLine(): void {
    const line = this.buffer.bytes.subarray(0, this.buffer.length - 1);
    const message = this.#message(line);
    this.buffer.clear();
    if (this.#queuedBytes + message.length > pendingBytesMax) {
      this.#drops.add(1);
      return;
    }
    this.#queue.push(message);
    this.#queuedBytes += message.length;
    this.#sending ??= this.#send();
  }

  flush(): void {}

  reopen(): void {}

  async close(): Promise<void> {
    this.#forget();
    if (!await settlesWithin(this.#drain(), closeMsMax)) {
      // The message being sent may or may not arrive; queued ones do not.
      this.#isClosed = true;
      this.#drops.add(this.#queue.length + 1);
      this.#queue.length = 0;
    }
    this.transport.close();
    this.#drops.report();
  }

  /** `<134>1 TIME HOST APP PID - - LINE`, on streams prefixed with its length (RFC 6587). */
  #message(line: Uint8Array): Uint8Array {
    const header = this.#headerNow();
    const body = header.length + line.length;
    const count = this.transport.datagram ? new Uint8Array(0) : utf8.encode(`${body} `);
    const message = new Uint8Array(count.length + body);
    message.set(count);
    message.set(header, count.length);
    message.set(line, count.length + header.length);
    return message;
  }

  #headerNow(): Uint8Array {
    const second = Math.floor(Date.now() / 1000);
    if (second === this.#header.second) return this.#header.bytes;
    const { facility, severity, hostname, appName, processId } = this.identity;
    const time = isoLocal(new Date(second * 1000));
    const text = `<${facility * 8 + severity}>1 ${time} ${token(hostname, 255)} ${
      token(appName, 48)
    } ${processId} - - `;
    this.#header = { second, bytes: utf8.encode(text) };
    return this.#header.bytes;
  }

  async #send(): Promise<void> {
    while (this.#queue.length > 0) {
      const message = this.#queue.shift() as Uint8Array;
      try {
        await this.transport.send(message);
        this.#complained = false;
      } catch (error) {
        if (this.#isClosed) break;
        this.#drops.add(1);
        if (!this.#complained) this.complain(`syslog: ${(error as Error).message}`);
        this.#complained = true;
      }
      this.#queuedBytes -= message.length;
    }
    this.#sending = null;
  }

  async #drain(): Promise<void> {
    while (this.#sending !== null) await this.#sending;
  }
}

/** Printable ASCII without spaces, at most `max` long; "-" when empty (RFC 5424 section 6). */
function token(text: string, max: number): string {
  const plain = text.replace(/[^\x21-\x7e]/g, "").slice(0, max);
  return plain === "" ? "-" : plain;
}
