import { StartError, systemReason } from "../base/errors.ts";
import { readBytes } from "../process/privileges/parent_files.ts";
import { libssl } from "../sys/libssl.ts";
import { type OcspTimes, readOcspTimes } from "./ocsp_response.ts";
import { Ctrl } from "./ssl_settings.ts";

const accepted = 0;
const notAccepted = 3;
/** A longer file is not an OCSP response, which is about 1.5 KB. */
const responseBytesMax = 65_536;
/** Between our clock and the responder's. */
const skewMs = 300_000;

/**
 * Staples an OCSP response from a file to the certificate (RFC 6066 8), as long as it holds: clients
 * end a handshake with one that has ended, and go on without one.
 */
export class OcspStapler {
  readonly #file: string;
  readonly #response: Uint8Array<ArrayBuffer>;
  readonly #times: OcspTimes;
  #isReported = false;
  readonly #callback = new Deno.UnsafeCallback(
    { parameters: ["pointer", "pointer"], result: "i32" },
    (ssl) => this.#staple(ssl),
  );

  /** `file`: the response in DER, as written by `openssl ocsp -respout`. Throws `StartError`. */
  constructor(file: string) {
    this.#callback.unref();
    this.#file = file;
    this.#response = readResponse(file);
    const times = readOcspTimes(this.#response, Date.now());
    if (typeof times === "string") {
      this.#callback.close();
      throw new StartError(`${file}: ${times}`);
    }
    this.#times = times;
  }

  attach(context: Deno.PointerObject): void {
    libssl().SSL_CTX_callback_ctrl(context, Ctrl.setStatusCallback, this.#callback.pointer);
  }

  /** Why nothing is stapled, as a line; null: the response holds, or the line was returned before. */
  takeFault(nowMs: number): string | null {
    const wasReported = this.#isReported;
    this.#isReported = !this.#holds(nowMs);
    if (!this.#isReported || wasReported) return null;
    const { fromMs, untilMs } = this.#times;
    const fault = nowMs > untilMs
      ? `ended at ${new Date(untilMs).toISOString()}`
      : `begins only at ${new Date(fromMs).toISOString()}`;
    return `${this.#file}: the OCSP response ${fault}; it is not stapled until the file is replaced`;
  }

  close(): void {
    this.#callback.close();
  }

  #holds(nowMs: number): boolean {
    return nowMs + skewMs >= this.#times.fromMs && nowMs <= this.#times.untilMs;
  }

  #staple(ssl: Deno.PointerValue): number {
    if (!this.#holds(Date.now())) return notAccepted;
    const lib = libssl();
    const { length } = this.#response;
    // The library frees the buffer that it is given.
    const copy = lib.CRYPTO_malloc(length, null, 0);
    if (copy === null) return notAccepted;
    new Uint8Array(Deno.UnsafePointerView.getArrayBuffer(copy, length)).set(this.#response);
    lib.SSL_set_status_response(ssl, Ctrl.setStatusResponse, length, copy);
    return accepted;
  }
}

function readResponse(file: string): Uint8Array<ArrayBuffer> {
  let bytes: Uint8Array<ArrayBuffer>;
  try {
    bytes = readBytes(file);
  } catch (error) {
    const reason = systemReason(error);
    throw new StartError(`${file}: cannot read the OCSP response: ${reason}`, 1, { cause: error });
  }
  if (bytes.length > responseBytesMax) throw new StartError(`${file}: not an OCSP response in DER`);
  return bytes;
}
