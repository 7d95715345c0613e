/** HTTP to the ACME server. A few requests in weeks, so the platform's fetch carries them. */
import { systemReason } from "../../base/errors.ts";
import { version } from "../../base/version.ts";
import { fromPem } from "../der/pem.ts";
import { AcmeFault } from "./fault.ts";

export interface AcmeRequest {
  readonly method: "GET" | "HEAD" | "POST";
  readonly url: string;
  /** Of a POST: a JWS in JSON. */
  readonly body?: string;
}

export interface AcmeReply {
  readonly status: number;
  /** A response field by its lower-case name; null without it. */
  field(name: string): string | null;
  readonly text: string;
}

/** Sends a request. Network failures are values. */
export type Transport = (request: AcmeRequest) => Promise<AcmeReply | AcmeFault>;

/** Kept from the start: an app that runs in this process may replace the global one. */
const platformFetch = fetch;
const timeoutMs = 30_000;
/** A chain of certificates has 10 KB, a directory less. */
const replyBytesMax = 262_144;

/**
 * `authorities`: PEM of CAs that are trusted besides the usual ones; null: none. Throws when it has
 * no certificate, or a damaged one.
 */
export function httpTransport(authorities: string | null): { send: Transport; close(): void } {
  if (authorities !== null && !fromPem("CERTIFICATE", authorities)?.length) {
    throw new Error("it has no certificate in PEM");
  }
  const client = Deno.createHttpClient(authorities === null ? {} : { caCerts: [authorities] });
  const send: Transport = async ({ method, url, body }) => {
    try {
      const response = await platformFetch(url, {
        method,
        client,
        redirect: "manual",
        signal: AbortSignal.timeout(timeoutMs),
        headers: {
          "User-Agent": `hayate/${version}`,
          ...(body === undefined ? {} : { "Content-Type": "application/jose+json" }),
        },
        ...(body === undefined ? {} : { body }),
      });
      const text = await readBounded(response);
      if (text === null) return new AcmeFault(`${url}: the response is too long`);
      const { status, headers } = response;
      return { status, field: (name) => headers.get(name), text };
    } catch (error) {
      return new AcmeFault(`${url}: ${reasonOf(error as Error)}`);
    }
  };
  return { send, close: () => client.close() };
}

/** Refuses requests from `untilMs` on, so that an order with a slow server has an end. */
export function endingAt(send: Transport, untilMs: number, nowMs: () => number): Transport {
  return async (request) => {
    if (nowMs() < untilMs) return await send(request);
    return new AcmeFault("the server was too slow for one order");
  };
}

async function readBounded({ body }: Response): Promise<string | null> {
  if (body === null) return "";
  const chunks: Uint8Array[] = [];
  let count = 0;
  for await (const chunk of body) {
    count += chunk.length;
    if (count > replyBytesMax) return null;
    chunks.push(chunk);
  }
  return await new Blob(chunks as Uint8Array<ArrayBuffer>[]).text();
}

/** The innermost cause tells what happened; the outer messages repeat the URL. */
function reasonOf(error: Error): string {
  if (error.name === "TimeoutError") return `no answer within ${timeoutMs / 1000} s`;
  const text = error.cause instanceof Error ? error.cause.message : error.message;
  return systemReason(text.split(": ").slice(-2).join(": "));
}
