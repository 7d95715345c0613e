/** Validators and conditional requests (RFC 9110 sections 8.8 and 13). */

import { imfFixdate, parseHttpDate } from "../http/date.ts";
import { ifMatch, ifNoneMatch } from "../std/http.ts";

/** The validators of one version of a file. */
export interface Validators {
  /** Quoted; weak ones begin with `W/`. */
  readonly etag: string;
  /** Milliseconds since 1970, in whole seconds, the resolution of HTTP dates. */
  readonly modifiedMs: number;
}

/** The conditional fields of one request; null where absent. */
export interface Conditions {
  readonly ifMatch: string | null;
  readonly ifNoneMatch: string | null;
  readonly ifModifiedSince: string | null;
  readonly ifUnmodifiedSince: string | null;
}

/** Used for a file without an entity tag: `*` matches it, and no client can send it in a field. */
const noEtag = "\0";

/**
 * A strong entity tag from modification time (in milliseconds, Deno's resolution) and size. Not
 * @std/http's: its tags of files are weak, so that `If-Range` would never hold, and asynchronous.
 */
export function makeEtag(modifiedMs: number, size: number, suffix: string = ""): string {
  return `"${Math.round(modifiedMs).toString(36)}-${size.toString(36)}${suffix}"`;
}

/**
 * Evaluates the preconditions of a GET or HEAD in the order of RFC 9110 section 13.2.2: 200 proceed,
 * 304 the client's copy is current, 412 a condition fails.
 */
export function evaluateConditions(conditions: Conditions, current: Validators): 200 | 304 | 412 {
  const etag = current.etag || noEtag;
  if (conditions.ifMatch !== null) {
    if (!ifMatch(conditions.ifMatch, etag)) return 412;
  } else if (conditions.ifUnmodifiedSince !== null) {
    const limit = parseDate(conditions.ifUnmodifiedSince);
    if (limit !== null && current.modifiedMs > limit) return 412;
  }
  if (conditions.ifNoneMatch !== null) {
    return ifNoneMatch(conditions.ifNoneMatch, etag) ? 200 : 304;
  }
  if (conditions.ifModifiedSince !== null) {
    const since = parseDate(conditions.ifModifiedSince);
    if (since !== null && current.modifiedMs <= since) return 304;
  }
  return 200;
}

/** Whether an `If-Range` value (entity tag or date) matches the current version, so that Range applies. */
export function ifRangeHolds(value: string, current: Validators): boolean {
  if (value.startsWith('"') || value.startsWith("W/")) {
    // Only the strong comparison is allowed here (RFC 9110 section 13.1.5).
    return value === current.etag && !value.startsWith("W/");
  }
  return parseDate(value) === current.modifiedMs;
}

function parseDate(text: string): number | null {
  const seconds = parseHttpDate(text, Date.now() / 1000);
  return seconds === null ? null : seconds * 1000;
}

/** Formats an IMF-fixdate, the only form that may be sent. */
export function formatHttpDate(ms: number): string {
  return imfFixdate(ms / 1000);
}
