/** The functions of @std/http that hayate uses, with the types that the npm package lacks. */
import { ifMatch as untypedIfMatch, ifNoneMatch as untypedIfNoneMatch } from "@std/http/etag";
import { STATUS_TEXT } from "@std/http/status";

/** Reason phrases by status. Four differ from the IANA registry: 203, 207, 407 and 422. */
export const statusTexts: Readonly<Record<number, string>> = STATUS_TEXT;

/** Whether an `If-Match` value names `etag` by the strong comparison; false for an empty `etag`. */
export const ifMatch: (value: string, etag: string) => boolean = untypedIfMatch;

/** Whether an `If-None-Match` value does not name `etag` by the weak comparison. */
export const ifNoneMatch: (value: string, etag: string) => boolean = untypedIfNoneMatch;
