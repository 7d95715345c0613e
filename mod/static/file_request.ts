/** The parts of a request that matter for a file. */
import { Method } from "../http/method.ts";
import { type RequestHead } from "../http/request_head.ts";
import type { Conditions } from "./validators.ts";

/** A request for a file. */
export interface FileRequest {
  /** In origin form; "/" is the site's root. */
  readonly target: string;
  readonly isHead: boolean;
  /** GET or HEAD. */
  readonly isRead: boolean;
  /** None of the fields below is set, so the plain 200 applies. */
  readonly isPlain: boolean;
  readonly acceptEncoding: string | null;
  readonly range: string | null;
  readonly ifRange: string | null;
  readonly conditions: Conditions;
}

const noConditions: Conditions = {
  ifMatch: null,
  ifNoneMatch: null,
  ifModifiedSince: null,
  ifUnmodifiedSince: null,
};

/** Bit n is set when one of the fields used here has a name of n characters. */
const lengthsOfInterest = (1 << "range".length) | (1 << "if-range".length) |
  (1 << "if-match".length) | (1 << "if-none-match".length) | (1 << "if-modified-since".length) |
  (1 << "if-unmodified-since".length) | (1 << "accept-encoding".length);

/** Reads the head. `target` is the head's own without the path prefix of the site. */
export function readFileRequest(head: RequestHead, target: string): FileRequest {
  const isHead = head.method === Method.head;
  const isRead = isHead || head.method === Method.get;
  if (!mayMatter(head)) {
    return {
      target,
      isHead,
      isRead,
      isPlain: true,
      acceptEncoding: null,
      range: null,
      ifRange: null,
      conditions: noConditions,
    };
  }
  return {
    target,
    isHead,
    isRead,
    isPlain: false,
    acceptEncoding: joined(head, "accept-encoding"),
    // Range applies only to GET (RFC 9110 section 14.2).
    range: isHead ? null : head.field("range"),
    ifRange: head.field("if-range"),
    conditions: {
      ifMatch: joined(head, "if-match"),
      ifNoneMatch: joined(head, "if-none-match"),
      ifModifiedSince: head.field("if-modified-since"),
      ifUnmodifiedSince: head.field("if-unmodified-since"),
    },
  };
}

function mayMatter(head: RequestHead): boolean {
  for (let i = 0; i < head.fieldCount; i++) {
    const length = head.fields[4 * i + 1] - head.fields[4 * i];
    if (length < 32 && (lengthsOfInterest & (1 << length)) !== 0) return true;
  }
  return false;
}

/** Joins the lines of a list field (RFC 9110 section 5.3); null when it is absent. */
function joined(head: RequestHead, name: string): string | null {
  let value: string | null = null;
  for (let i = head.find(name); i >= 0; i = head.find(name, i + 1)) {
    value = value === null ? head.value(i) : `${value}, ${head.value(i)}`;
  }
  return value;
}
