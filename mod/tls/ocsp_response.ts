/** What an OCSP response says of itself (RFC 6960), as OpenSSL reads it. */
import { textAt } from "../sys/libssl.ts";
import { libsslOcsp } from "../sys/libssl_ocsp.ts";
import { takeFailure } from "./openssl_error.ts";

/** The time in which clients believe a response; epoch ms. */
export interface OcspTimes {
  readonly fromMs: number;
  /** Infinity: newer information is available at any time (no nextUpdate). */
  readonly untilMs: number;
}

/** OCSP_RESPONSE_STATUS_SUCCESSFUL. */
const successful = 0;
const dayMs = 86_400_000;

/**
 * The time in which all answers of a response in DER hold; or what is wrong with it, as a clause. A
 * library without OCSP reads nothing, and finds nothing wrong.
 */
export function readOcspTimes(der: Uint8Array<ArrayBuffer>, nowMs: number): OcspTimes | string {
  const lib = libsslOcsp();
  if (lib === null) return { fromMs: -Infinity, untilMs: Infinity };
  const start = new BigUint64Array([Deno.UnsafePointer.value(Deno.UnsafePointer.of(der))]);
  const response = lib.d2i_OCSP_RESPONSE(null, new Uint8Array(start.buffer), der.length);
  takeFailure();
  if (response === null) return "not an OCSP response in DER";
  try {
    const status = lib.OCSP_response_status(response);
    if (status !== successful) {
      return `the OCSP responder answered ${textAt(lib.OCSP_response_status_str(status))}`;
    }
    const basic = lib.OCSP_response_get1_basic(response);
    takeFailure();
    if (basic === null) return "not an OCSP response of the basic type";
    try {
      return timesOf(basic, nowMs);
    } finally {
      lib.OCSP_BASICRESP_free(basic);
    }
  } finally {
    lib.OCSP_RESPONSE_free(response);
  }
}

function timesOf(basic: Deno.PointerObject, nowMs: number): OcspTimes | string {
  const lib = libsslOcsp()!;
  const count = lib.OCSP_resp_count(basic);
  if (count < 1) return "the OCSP response has no answer";
  const times = { fromMs: -Infinity, untilMs: Infinity };
  for (let i = 0; i < count; i++) {
    const [thisUpdate, nextUpdate] = [new BigUint64Array(1), new BigUint64Array(1)];
    const slots = [thisUpdate, nextUpdate].map(({ buffer }) => new Uint8Array(buffer));
    lib.OCSP_single_get0_status(lib.OCSP_resp_get0(basic, i), null, null, slots[0], slots[1]);
    times.fromMs = Math.max(times.fromMs, momentOf(thisUpdate[0], nowMs) ?? -Infinity);
    times.untilMs = Math.min(times.untilMs, momentOf(nextUpdate[0], nowMs) ?? Infinity);
  }
  return times;
}

/** An ASN1_TIME as epoch ms, of which OpenSSL tells the distance from now; null: there is none. */
function momentOf(address: bigint, nowMs: number): number | null {
  const time = Deno.UnsafePointer.create(address);
  if (time === null) return null;
  const [days, seconds] = [new Int32Array(1), new Int32Array(1)];
  const slots = [days, seconds].map(({ buffer }) => new Uint8Array(buffer));
  if (libsslOcsp()!.ASN1_TIME_diff(slots[0], slots[1], null, time) !== 1) return null;
  return nowMs + days[0] * dayMs + seconds[0] * 1000;
}
