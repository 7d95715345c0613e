/** `compress`: whether a response is compressed, and how its fields change. */
import type { Exchange } from "../../../conn/exchange/exchange.ts";
import { codingWeights } from "../../../static/codings.ts";
import type { Coding } from "../../../std/compressor.ts";
import type { CompressPlan } from "../../plan/plan.ts";
import type { ConnectionFacts } from "../clients/connection_facts.ts";
import type { Field } from "../fields/field_rules.ts";
import type { Route } from "../routes/routes.ts";

export type Encoding = Coding;

/** Types worth compressing (h2o's table marks text, JSON, XML, scripts and SVG). */
const compressible =
  /^(text\/|application\/(json|javascript|xml|x-javascript|wasm|[\w.+-]+\+(json|xml))|image\/svg\+xml)/i;

/**
 * Encoding for the response to a request with this Accept-Encoding, or null for none. The same for
 * HEAD as for GET (RFC 9110 9.3.2).
 */
export function chooseEncoding(
  plan: CompressPlan,
  bytesMin: number,
  acceptEncoding: string,
  status: number,
  contentLength: number,
  fields: readonly Field[],
): Encoding | null {
  // As in h2o, errors and redirects stay unchanged; byte ranges keep their offsets.
  if (status < 200 || status >= 300 || status === 206) return null;
  if (acceptEncoding === "" || !isCompressible(bytesMin, status, contentLength, fields)) {
    return null;
  }
  return preferred(plan, acceptEncoding);
}

/** Whether `compress` changes this resource for clients that accept an encoding. */
function isCompressible(
  bytesMin: number,
  status: number,
  contentLength: number,
  fields: readonly Field[],
): boolean {
  // A 304 describes what a 200 would have been, but has no type to check (RFC 9110 15.4.5).
  if (status === 304) return true;
  if (status < 200 || status >= 300 || status === 204) return false;
  if (contentLength >= 0 && contentLength < bytesMin && status !== 206) return false;
  const value = (name: string) =>
    fields.find((field) => field.name.toLowerCase() === name)?.value ?? "";
  if (
    value("content-encoding") !== "" ||
    /\bno-transform\b/i.test(value("cache-control"))
  ) return false;
  return compressible.test(value("content-type"));
}

/**
 * The fields of a response in the chosen encoding. Where another client might get another encoding,
 * every variant carries Vary; otherwise caches would give one variant to all clients (RFC 9110
 * 12.5.5).
 */
export function negotiatedFields(
  fields: readonly Field[],
  encoding: Encoding | null,
  bytesMin: number,
  status: number,
  contentLength: number,
): Field[] {
  if (encoding !== null) return compressedFields(fields, encoding);
  const copy = fields.map((field) => ({ ...field }));
  return isCompressible(bytesMin, status, contentLength, fields) ? varied(copy) : copy;
}

/** The encoding for a response that the proxy makes itself, or null. */
export function encodingOf(
  exchange: Exchange,
  route: Route | null,
  status: number,
  contentLength: number,
  fields: readonly Field[],
): Encoding | null {
  if (route === null || route.settings.compress === null || !exchange.canStream) return null;
  const { acceptEncoding, errorStatus } = exchange.keptContext as ConnectionFacts;
  const { compress, compressBytesMin } = route.settings;
  return chooseEncoding(
    compress,
    compressBytesMin,
    acceptEncoding,
    errorStatus || status,
    contentLength,
    fields,
  );
}

export function levelOf(plan: CompressPlan, encoding: Encoding): number {
  return encoding === "br"
    ? plan.brotliLevel
    : encoding === "zstd"
    ? plan.zstdLevel
    : plan.gzipLevel;
}

/** The coding that the client prefers; among equals, the plan's first. */
function preferred(plan: CompressPlan, acceptEncoding: string): Encoding | null {
  const weights = codingWeights(acceptEncoding);
  let best: Encoding | null = null;
  // A client that prefers the plain form over every coding gets it.
  let bestWeight = weights.identity;
  for (const coding of plan.encodings) {
    const weight = weights.of(coding);
    if (weight > bestWeight || (best === null && weight > 0 && weight === bestWeight)) {
      best = coding;
      bestWeight = weight;
    }
  }
  return best;
}

/** The fields of a compressed response: no ranges, and a weak validator. */
export function compressedFields(fields: readonly Field[], encoding: Encoding): Field[] {
  const result = fields.map(({ name, value }) => {
    const isStrong = name.toLowerCase() === "etag" && !value.startsWith("W/");
    return { name, value: isStrong ? `W/${value}` : value };
  });
  return [
    ...varied(result).filter((field) => field.name.toLowerCase() !== "accept-ranges"),
    { name: "accept-ranges", value: "none" },
    { name: "content-encoding", value: encoding },
  ];
}

/** Adds accept-encoding to Vary, in place. */
function varied(fields: Field[]): Field[] {
  const vary = fields.find((field) => field.name.toLowerCase() === "vary");
  if (vary === undefined) {
    fields.push({ name: "vary", value: "accept-encoding" });
  } else if (!/\baccept-encoding\b|\*/i.test(vary.value)) {
    vary.value += ", accept-encoding";
  }
  return fields;
}
