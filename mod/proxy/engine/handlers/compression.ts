/** `compress`: whether a response is compressed, and what its fields then say. */
import type { Exchange } from "../../../conn/exchange.ts";
import type { Coding } from "../../../std/compressor.ts";
import type { CompressPlan } from "../../plan.ts";
import type { ConnectionFacts } from "../clients/connection_facts.ts";
import type { Field } from "../fields/field_rules.ts";
import type { Route } from "../routes.ts";

export type Encoding = Coding;

/** Types worth compressing (h2o's table marks text, JSON, XML, scripts and SVG). */
const compressible =
  /^(text\/|application\/(json|javascript|xml|x-javascript|wasm|[\w.+-]+\+(json|xml))|image\/svg\+xml)/i;

/** The encoding to use for a response to a request with this Accept-Encoding, or null. */
export function chooseEncoding(
  plan: CompressPlan,
  bytesMin: number,
  acceptEncoding: string,
  status: number,
  contentLength: number,
  fields: readonly Field[],
): Encoding | null {
  // Errors and redirects stay as they are, as in h2o; a part of a file has its own offsets.
  if (status < 200 || status >= 300 || status === 204 || status === 206) return null;
  if (contentLength >= 0 && contentLength < bytesMin) return null;
  const value = (name: string) =>
    fields.find((field) => field.name.toLowerCase() === name)?.value ?? "";
  if (
    value("content-encoding") !== "" ||
    /\bno-transform\b/i.test(value("cache-control"))
  ) return null;
  if (!compressible.test(value("content-type"))) return null;
  return plan.encodings.find((coding) => isAccepted(acceptEncoding, coding)) ?? null;
}

/** The same for a response that the proxy makes itself. */
export function encodingOf(
  x: Exchange,
  route: Route | null,
  status: number,
  contentLength: number,
  fields: readonly Field[],
): Encoding | null {
  if (route === null || route.settings.compress === null || x.isHead || x.minor === 0) return null;
  const { acceptEncoding, errorStatus } = x.connectionContext as ConnectionFacts;
  if (acceptEncoding === "") return null;
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

/** RFC 9110 12.5.3; `q=0` refuses. */
function isAccepted(acceptEncoding: string, coding: string): boolean {
  let fallback = false;
  for (const item of acceptEncoding.split(",")) {
    const [name, ...parameters] = item.split(";").map((part) => part.trim().toLowerCase());
    const quality = parameters.find((parameter) => parameter.startsWith("q="));
    const isRefused = quality !== undefined && Number(quality.slice(2)) === 0;
    if (name === coding) return !isRefused;
    if (name === "*") fallback = !isRefused;
  }
  return fallback;
}

/** The fields of a compressed response: no ranges of it are served, its validator is a weak one. */
export function compressedFields(fields: readonly Field[], encoding: Encoding): Field[] {
  const result = fields.map(({ name, value }) => {
    const isStrong = name.toLowerCase() === "etag" && !value.startsWith("W/");
    return { name, value: isStrong ? `W/${value}` : value };
  });
  const vary = result.find((field) => field.name.toLowerCase() === "vary");
  if (vary === undefined) {
    result.push({ name: "vary", value: "accept-encoding" });
  } else if (!/\baccept-encoding\b|\*/i.test(vary.value)) {
    vary.value += ", accept-encoding";
  }
  return [
    ...result.filter((field) => field.name.toLowerCase() !== "accept-ranges"),
    { name: "accept-ranges", value: "none" },
    { name: "content-encoding", value: encoding },
  ];
}
