/** The field blocks of one connection's requests. */
import type { ByteWriter, HpackEncoder } from "../../../http2/mod.ts";
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
  write({ target, fields }: StreamRequest): void {
    const out = this.#out;
    out.clear();
    this.#encoder.begin();
    out.copy(target, 0, target.length);
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
