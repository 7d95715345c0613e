/** What of a request matters to a file. */
import { Method, type RequestHead } from "../http1/request_head.ts";
import type { Conditions } from "./validators.ts";

/** One request for a file; made by `readFileRequest`, or by hand in tests. */
export interface FileRequest {
  /** Origin form, where the site's root is "/". */
  readonly target: string;
  readonly isHead: boolean;
  /** GET or HEAD. */
  readonly isRead: boolean;
  /** No field below is set: the plain answer will do. */
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

/** Bit n is set when a field that matters to a file has a name of n characters. */
const lengthsOfInterest = (1 << "range".length) | (1 << "if-range".length) |
  (1 << "if-match".length) | (1 << "if-none-match".length) | (1 << "if-modified-since".length) |
  (1 << "if-unmodified-since".length) | (1 << "accept-encoding".length);

/** Reads the head. `target` differs from the head's own when a path prefix stands for the root. */
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
    // Only a GET has ranges (RFC 9110 section 14.2).
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

/** A list field's lines as one value (RFC 9110 section 5.3); null when it is absent. */
function joined(head: RequestHead, name: string): string | null {
  let value: string | null = null;
  for (let i = head.find(name); i >= 0; i = head.find(name, i + 1)) {
    value = value === null ? head.value(i) : `${value}, ${head.value(i)}`;
  }
  return value;
}
