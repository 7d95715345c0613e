import { StartError, systemReason } from "../base/errors.ts";
import { libssl } from "../sys/libssl.ts";
import { Ctrl } from "./ssl_settings.ts";

const accepted = 0;
const notAccepted = 3;
/** A longer file is not an OCSP response, which is about 1.5 KB. */
const responseBytesMax = 65_536;

/** Staples an OCSP response from a file to the certificate (RFC 6066 8). */
export class OcspStapler {
  readonly #response: Uint8Array<ArrayBuffer>;
  readonly #callback = new Deno.UnsafeCallback(
    { parameters: ["pointer", "pointer"], result: "i32" },
    (ssl) => this.#staple(ssl),
  );

  /** `file`: the response in DER, as written by `openssl ocsp -respout`. Throws `StartError`. */
  constructor(file: string) {
    this.#callback.unref();
    this.#response = readResponse(file);
  }

  attach(context: Deno.PointerObject): void {
    libssl().SSL_CTX_callback_ctrl(context, Ctrl.setStatusCallback, this.#callback.pointer);
  }

  close(): void {
    this.#callback.close();
  }

  #staple(ssl: Deno.PointerValue): number {
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
    bytes = Deno.readFileSync(file);
  } catch (error) {
    const reason = systemReason(error);
    throw new StartError(`${file}: cannot read the OCSP response: ${reason}`, 1, { cause: error });
  }
  const derSequence = 0x30;
  if (bytes.length > responseBytesMax || bytes[0] !== derSequence) {
    throw new StartError(`${file}: not an OCSP response in DER`);
  }
  return bytes;
}
