/** Decides the response for a resource: status, fields, representation and pieces of the body. */
import { acceptableCodings } from "./codings.ts";
import type { Piece } from "./file_transfer.ts";
import type { FileRequest } from "./file_request.ts";
import { type ByteRange, contentRange, layoutMultipart, parseRanges } from "./ranges.ts";
import type { Representation, Resource } from "./resource.ts";
import { evaluateConditions, formatHttpDate, ifRangeHolds } from "./validators.ts";

/** A response, ready to be sent. */
export interface Answer {
  readonly status: number;
  readonly fields: readonly (readonly [name: string, value: string])[];
  /** Length of the body of a GET. */
  readonly contentLength: number;
  readonly pieces: readonly Piece[];
}

/**
 * Chooses the best representation for `Accept-Encoding`. A client that refuses the plain file still
 * gets it when there is no other one, as RFC 9110 section 12.5.3 allows.
 */
export function chooseRepresentation(
  resource: Resource,
  acceptEncoding: string | null,
): Representation {
  const { representations } = resource;
  if (representations.length === 1 || acceptEncoding === null) return representations[0];
  for (const coding of acceptableCodings(acceptEncoding).codings) {
    const found = representations.find((one) => one.coding?.name === coding.name);
    if (found !== undefined) return found;
  }
  return representations[0];
}

/** Evaluates conditions, then ranges. `makeBoundary` is called only for several ranges. */
export function decideAnswer(
  request: FileRequest,
  resource: Resource,
  chosen: Representation,
  makeBoundary: () => string,
): Answer {
  const outcome = evaluateConditions(request.conditions, chosen);
  if (outcome !== 200) return withoutBody(outcome, resource, chosen);
  if (
    request.range !== null && (request.ifRange === null || ifRangeHolds(request.ifRange, chosen))
  ) {
    const ranges = parseRanges(request.range, chosen.size);
    if (ranges?.length === 0) return unsatisfiable(chosen);
    if (ranges !== null) return partial(ranges, resource, chosen, makeBoundary);
  }
  return plainAnswer(resource, chosen);
}

/** 200 with the whole representation. */
export function plainAnswer(resource: Resource, chosen: Representation): Answer {
  return {
    status: 200,
    fields: [["Content-Type", chosen.type], ...commonFields(resource, chosen)],
    contentLength: chosen.size,
    pieces: chosen.size === 0 ? [] : [{ start: 0, end: chosen.size }],
  };
}

/** The page that explains an error: whole, and without validators, because it is not the resource. */
export function pageAnswer(status: number, resource: Resource, chosen: Representation): Answer {
  const fields: [string, string][] = [["Content-Type", chosen.type]];
  if (chosen.coding !== null) fields.push(["Content-Encoding", chosen.coding.name]);
  if (resource.isNegotiated) fields.push(["Vary", "Accept-Encoding"]);
  return { ...plainAnswer(resource, chosen), status, fields };
}

/** 304 and 412. RFC 9110 section 15.4.5 lists the fields that a 304 repeats. */
export function withoutBody(status: 304 | 412, resource: Resource, chosen: Representation): Answer {
  const fields = status === 304 ? validatorFields(resource, chosen) : [];
  return { status, fields, contentLength: 0, pieces: [] };
}

function unsatisfiable(chosen: Representation): Answer {
  const fields = [["Content-Range", contentRange(null, chosen.size)]] as const;
  return { status: 416, fields, contentLength: 0, pieces: [] };
}

function partial(
  ranges: readonly ByteRange[],
  resource: Resource,
  chosen: Representation,
  makeBoundary: () => string,
): Answer {
  const common = commonFields(resource, chosen);
  const [first] = ranges;
  if (ranges.length === 1) {
    return {
      status: 206,
      fields: [
        ["Content-Type", chosen.type],
        ["Content-Range", contentRange(first, chosen.size)],
        ...common,
      ],
      contentLength: first.end - first.start,
      pieces: [first],
    };
  }
  const layout = layoutMultipart(ranges, chosen.size, chosen.type, makeBoundary());
  return {
    status: 206,
    fields: [["Content-Type", layout.contentType], ...common],
    contentLength: layout.length,
    pieces: [...layout.parts.flatMap((part) => [part.head, part.range]), layout.tail],
  };
}

function commonFields(resource: Resource, chosen: Representation): [string, string][] {
  const fields: [string, string][] = [["Accept-Ranges", "bytes"]];
  if (chosen.coding !== null) fields.push(["Content-Encoding", chosen.coding.name]);
  return [...fields, ...validatorFields(resource, chosen)];
}

function validatorFields(resource: Resource, chosen: Representation): [string, string][] {
  const fields: [string, string][] = [];
  if (chosen.etag !== "") fields.push(["ETag", chosen.etag]);
  if (!Number.isNaN(chosen.modifiedMs)) {
    fields.push(["Last-Modified", formatHttpDate(chosen.modifiedMs)]);
  }
  if (resource.cacheControl !== null) fields.push(["Cache-Control", resource.cacheControl]);
  if (resource.isNegotiated) fields.push(["Vary", "Accept-Encoding"]);
  return fields;
}
