/** Mutated PROXY headers: no crash, no over-read, and results independent of the pieces. */
import { formatAddress } from "../../mod/base/address.ts";
import { latin1, latin1Bytes } from "../../mod/http/mod.ts";
import { HeaderFault, parseProxyHeader, ProxyHeader } from "../../mod/proxy_protocol/mod.ts";
import { headerRows } from "../unit/proxy_protocol/rows.ts";
import type { Random } from "./random.ts";

const rowBytesMax = 400;
const corpus = headerRows.map(({ bytes }) => bytes).filter((bytes) => bytes.length <= rowBytesMax);

/** Pieces with meaning to the parser, inserted in wrong places. */
const pieces: readonly Uint8Array[] = [
  "PROXY ",
  "TCP4 ",
  "TCP6 ",
  "UNKNOWN",
  "\r\n",
  "\r",
  "\n",
  " ",
  "255.255.255.255",
  "::",
  "65536",
  "0",
  "\x21\x11\x00\x0c",
  "\x20\x00\x00\x00",
  "\x21\x31\x00\xd8",
  "\r\n\r\n\0\r\nQUIT\n",
].map((text) => latin1Bytes(text));

/** Bytes after a header; they must not affect the result. */
const tails = [..."\r\nP\0"].map((char) => char.charCodeAt(0));

export class HeaderFuzzer {
  readonly #header = new ProxyHeader();

  constructor(readonly random: Random) {}

  /** Tests one mutated stream; on a fault, throws with the stream. */
  step(): void {
    const stream = this.#mutated();
    try {
      this.#check(stream);
    } catch (error) {
      const text = JSON.stringify(latin1(stream, 0, stream.length));
      throw new Error(`${String(error)}\nstream: ${text}`, { cause: error });
    }
  }

  #check(stream: Uint8Array): void {
    const end = stream.length;
    const whole = this.#parse(stream, 0, end);
    for (const cut of this.random.cuts(end, 5)) {
      const { result } = this.#parse(stream, 0, cut);
      const isSettled = whole.result > 0 ? cut >= whole.result : false;
      if (isSettled && result !== whole.result) throw new Error(`at ${cut}: ${result}`);
      // A fault may be found early, but only the same one, and never in a valid header.
      if (!isSettled && result !== 0 && result !== whole.result) throw new Error(`cut ${cut}`);
    }
    for (const byte of tails) {
      const shifted = new Uint8Array(end + 9).fill(byte);
      shifted.set(stream, 4);
      const other = this.#parse(shifted, 4, end + 4);
      if (other.text !== whole.text) throw new Error(`${other.text} is not ${whole.text}`);
    }
    const expected = judge(stream);
    if (expected !== null && expected !== whole.text) {
      throw new Error(`${whole.text}, where the rules say ${expected}`);
    }
  }

  #parse(bytes: Uint8Array, start: number, end: number): { result: number; text: string } {
    const header = this.#header;
    const result = parseProxyHeader(header, bytes, start, end);
    if (result > end || (result > 0 && result <= start)) throw new Error(`offset ${result}`);
    if (result < 0 && !Object.values<number>(HeaderFault).includes(result)) {
      throw new Error(`fault ${result}`);
    }
    if (result <= 0) return { result, text: result === 0 ? "partial" : "fault" };
    const ends = [header.source, header.destination].map((address) =>
      address === null ? "own" : formatAddress(address)
    );
    return { result: result - start, text: `${result - start} ${ends.join(" ")}` };
  }

  #mutated(): Uint8Array {
    const { random } = this;
    let bytes = [...random.pick(corpus)];
    for (let i = random.below(4); i > 0; i--) {
      const at = random.below(bytes.length + 1);
      switch (random.below(6)) {
        case 0:
          if (at < bytes.length) bytes[at] ^= 1 << random.below(8);
          break;
        case 1:
          bytes = bytes.slice(0, at);
          break;
        case 2:
          bytes.splice(at, random.below(8));
          break;
        case 3:
          bytes.splice(at, 0, ...random.pick(pieces));
          break;
        case 4:
          bytes.splice(at, 0, ...random.pick(corpus).slice(0, random.below(60)));
          break;
        default:
          // The fixed part of version 2: version, command, family and length.
          if (bytes.length > 15) bytes[12 + random.below(4)] = random.below(256);
      }
    }
    return Uint8Array.from(bytes);
  }
}

const octet = "(?:0|[1-9]\\d?|1\\d\\d|2[0-4]\\d|25[0-5])";
const v4 = `${octet}(?:\\.${octet}){3}`;
const port = "(?:0|[1-9]\\d{0,3}|[1-5]\\d{4}|6[0-4]\\d{3}|65[0-4]\\d\\d|655[0-2]\\d|6553[0-5])";
const tcp4Line = new RegExp(`^PROXY TCP4 (${v4}) (${v4}) (${port}) (${port})\\r\\n`);

/** A second implementation of the rules for the simple cases; null for all others. */
function judge(stream: Uint8Array): string | null {
  const text = latin1(stream, 0, stream.length);
  if (text.startsWith("PROXY TCP4 ")) {
    const match = tcp4Line.exec(text);
    if (match !== null) {
      const [line, from, to, fromPort, toPort] = match;
      return `${line.length} ${from}:${fromPort} ${to}:${toPort}`;
    }
    return /[\r\n](?!$)/.test(text.slice(0, 107)) || text.length >= 107 ? "fault" : null;
  }
  if (!text.startsWith("\r\n\r\n\0\r\nQUIT\n") || stream.length < 16) return null;
  const [command, family] = [stream[12], stream[13]];
  const length = new DataView(stream.buffer).getUint16(14);
  if (command !== 0x20 && command !== 0x21) return "fault";
  if (command === 0x20 || family === 0) {
    if (length > 4080) return "fault";
    return stream.length < 16 + length ? "partial" : `${16 + length} own own`;
  }
  return null;
}
