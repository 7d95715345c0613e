/** The field blocks of one connection's requests. */
import type { ByteWriter, HpackEncoder } from "../../../http2/mod.ts";
import type { VaryingRequest } from "../../request/varying_request.ts";
import type { RequestFields, StreamRequest } from "./stream_request.ts";

/**
 * A line enters the encoder's table when it is seen for the second time, so that the table is the
 * same before and after a block that is seen for the third time, at the earliest.
 */
const settledCount = 3;
/** Fields whose blocks are kept, by their number; bounds memory. */
const knownMax = 256;

/** The coded `:authority` and lines of some fields. */
interface Known {
  readonly fields: RequestFields;
  /** Times that they were encoded. */
  count: number;
  /** The block, valid while the table has this revision; empty: none. */
  block: Uint8Array;
  revision: number;
}

/** `Host: ` and the end of a line. */
const hostNameBytes = 6;
const lineEndBytes = 2;

const noBytes = new Uint8Array(0);

export class FieldBlocks {
  readonly #encoder: HpackEncoder;
  readonly #out: ByteWriter;
  readonly #known: (Known | undefined)[] = [];

  /** `encoder` is the connection's and writes to `out`. */
  constructor(encoder: HpackEncoder, out: ByteWriter) {
    this.#encoder = encoder;
    this.#out = out;
  }

  /** Puts the request's block into `out`, alone. It must be sent before the next one is made. */
  write({ target, fields, varying, isHttps }: StreamRequest): void {
    const out = this.#out;
    out.clear();
    this.#encoder.begin();
    if (varying === null) {
      out.copy(target, 0, target.length);
      return this.#writeFields(fields);
    }
    this.#writeTarget(varying, isHttps);
    this.#writeFields(fields);
    for (const { start, end, isHost } of varying.plan.lines) {
      if (isHost) continue;
      this.#encoder.lines(varying.bytes, varying.offsetOf(start), varying.offsetOf(end), null);
    }
  }

  /** Target and authority of the request that was rendered last. */
  #writeTarget(varying: VaryingRequest, isHttps: boolean): void {
    const encoder = this.#encoder;
    const { bytes, plan: { path, lines } } = varying;
    const start = varying.offsetOf(path.start);
    // The method and a blank are before the path.
    encoder.target(bytes, 0, start - 1, isHttps, bytes, start, varying.offsetOf(path.end));
    for (const line of lines) {
      if (!line.isHost) continue;
      const from = varying.offsetOf(line.start) + hostNameBytes;
      encoder.authority(bytes, from, varying.offsetOf(line.end) - lineEndBytes);
    }
  }

  #writeFields(fields: RequestFields): void {
    const out = this.#out;
    const place = fields.number % knownMax;
    let known = this.#known[place];
    if (known?.fields !== fields) {
      known = this.#known[place] = { fields, count: 0, block: noBytes, revision: 0 };
    }
    if (known.block.length > 0 && known.revision === this.#encoder.revision) {
      return out.copy(known.block, 0, known.block.length);
    }
    this.#learn(known, fields);
  }

  #learn(known: Known, fields: RequestFields): void {
    const out = this.#out;
    const start = out.length, { revision } = this.#encoder;
    this.#encode(fields);
    known.block = noBytes;
    if (++known.count < settledCount || revision !== this.#encoder.revision) return;
    known.block = out.bytes.slice(start, out.length);
    known.revision = revision;
  }

  #encode(fields: RequestFields): void {
    const encoder = this.#encoder;
    const { bytes, authorityStart, authorityEnd, linesStart, linesEnd } = fields;
    if (authorityEnd > authorityStart) encoder.authority(bytes, authorityStart, authorityEnd);
    encoder.lines(bytes, linesStart, linesEnd, null);
  }
}
