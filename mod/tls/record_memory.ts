/**
 * The memory between OpenSSL and the sockets: two BIOs that all connections of a thread share.
 *
 * OpenSSL reads ciphertext where the reactor has put it, and ciphertext is sent from where OpenSSL has
 * written it. So a connection has neither a BIO nor a buffer of its own, and a request costs two calls
 * into the library. OpenSSL on the descriptor itself measured slower.
 */
import { libssl } from "../sys/libssl.ts";
import { BioCtrl } from "./ssl_settings.ts";

/** Shorter buffers may lie in V8's heap, where they move. V8 keeps up to 64 bytes there. */
const fixedBytesMin = 1024;
/** Initial space for output: four records of 16 KB, which grow by at most 5 + 256 bytes each. */
const outputBytes = 65_536 + 4096;

/** Words of a BUF_MEM (BUF_MEM_new(3)): `length`, `data` and `max` have 64 bits each. */
const Word = { length: 0, data: 2, max: 4, count: 6 } as const;

/**
 * Both sides are empty when a call of `TlsSocket` returns or calls back, or one connection would get
 * the bytes of another.
 */
export class RecordMemory {
  readonly #lib = libssl();
  readonly #inputBio: Deno.PointerObject;
  readonly #outputBio: Deno.PointerObject;
  /** The BUF_MEM of each BIO. */
  readonly #input: Uint32Array;
  readonly #output: Uint32Array;
  readonly #outputStruct: Deno.PointerObject;
  /** Input that is not in a fixed place. */
  readonly #short = new Uint8Array(fixedBytesMin);
  /** The last input, and its address. */
  #aimed: Uint8Array = this.#short;
  #aimedLow = 0;
  #aimedHigh = 0;
  /** All of the space for output, which begins with what `takeOutput` has counted. */
  output: Uint8Array<ArrayBuffer> = new Uint8Array(0);
  #outputLow = 0;
  #outputHigh = 0;

  constructor() {
    const lib = this.#lib;
    // Made with memory of the caller's, because such a BIO reads from where its BUF_MEM points.
    this.#inputBio = lib.BIO_new_mem_buf(Deno.UnsafePointer.of(this.#short)!, fixedBytesMin)!;
    this.#input = wordsOf(structOf(this.#inputBio));
    this.#locate(this.#short);
    // Empty means that more will come, not that the peer has finished.
    lib.BIO_ctrl(this.#inputBio, BioCtrl.setMemoryEofReturn, -1, null);
    this.#input[Word.length] = 0;
    this.#outputStruct = lib.BUF_MEM_new()!;
    this.#output = wordsOf(this.#outputStruct);
    this.#outputBio = lib.BIO_new(lib.BIO_s_mem())!;
    this.#setOutput();
    lib.BIO_write(this.#outputBio, new Uint8Array(outputBytes), outputBytes);
    this.takeOutput();
  }

  /** Gives the BIOs to an SSL object, which releases them when it is freed. */
  attach(ssl: Deno.PointerObject): void {
    const lib = this.#lib;
    lib.BIO_up_ref(this.#inputBio);
    lib.BIO_up_ref(this.#outputBio);
    lib.SSL_set_bio(ssl, this.#inputBio, this.#outputBio);
  }

  /** OpenSSL reads bytes `[start, end)` next. Balance each call with `release`. */
  aim(bytes: Uint8Array, start: number, end: number): void {
    if (bytes !== this.#aimed) {
      if (bytes.length < fixedBytesMin) {
        this.#short.set(bytes);
        bytes = this.#short;
      }
      this.#locate(bytes);
    }
    const low = this.#aimedLow + start;
    const input = this.#input;
    input[Word.data] = low;
    input[Word.data + 1] = low > 0xffff_ffff ? this.#aimedHigh + 1 : this.#aimedHigh;
    input[Word.length] = input[Word.max] = end - start;
  }

  #locate(bytes: Uint8Array): void {
    const address = addressOf(bytes);
    this.#aimedLow = address.low;
    this.#aimedHigh = address.high;
    this.#aimed = bytes;
  }

  /** Number of bytes that OpenSSL has not read yet. */
  get unread(): number {
    return this.#input[Word.length];
  }

  /** Takes the input away; returns how many bytes at its end OpenSSL has not read. */
  release(): number {
    const unread = this.#input[Word.length];
    this.#input[Word.length] = 0;
    return unread;
  }

  /**
   * Empties the output. Returns how many bytes there were: they stay at the beginning of `output`
   * until OpenSSL is called again.
   */
  takeOutput(): number {
    const output = this.#output;
    const count = output[Word.length];
    if (count === 0) return 0;
    if (
      output[Word.data] !== this.#outputLow || output[Word.data + 1] !== this.#outputHigh ||
      output[Word.max] !== this.output.length
    ) this.#followOutput();
    output[Word.length] = 0;
    this.#setOutput();
    return count;
  }

  /** The library has moved or enlarged its memory. */
  #followOutput(): void {
    const output = this.#output;
    this.#outputLow = output[Word.data];
    this.#outputHigh = output[Word.data + 1];
    const address = (BigInt(this.#outputHigh) << 32n) | BigInt(this.#outputLow);
    const memory = Deno.UnsafePointer.create(address)!;
    this.output = new Uint8Array(
      Deno.UnsafePointerView.getArrayBuffer(memory, output[Word.max]),
    );
  }

  /** Makes the BIO use its BUF_MEM as it is now. */
  #setOutput(): void {
    this.#lib.BIO_ctrl(this.#outputBio, BioCtrl.setMemory, 0, this.#outputStruct);
  }
}

let shared: RecordMemory | null = null;

/** The thread's own. */
export function recordMemory(): RecordMemory {
  return shared ??= new RecordMemory();
}

/** The BUF_MEM of a memory BIO (BIO_get_mem_ptr(3)). */
function structOf(bio: Deno.PointerObject): Deno.PointerObject {
  const address = new BigUint64Array(1);
  libssl().BIO_get_mem_ptr(bio, BioCtrl.getMemory, 0, new Uint8Array(address.buffer));
  return Deno.UnsafePointer.create(address[0])!;
}

function wordsOf(struct: Deno.PointerObject): Uint32Array {
  return new Uint32Array(Deno.UnsafePointerView.getArrayBuffer(struct, Word.count * 4));
}

function addressOf(bytes: Uint8Array): { low: number; high: number } {
  const fixed = bytes as Uint8Array<ArrayBuffer>;
  const address = Deno.UnsafePointer.value(Deno.UnsafePointer.of(fixed));
  return { low: Number(address & 0xffff_ffffn), high: Number(address >> 32n) };
}
