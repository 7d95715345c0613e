import { Method } from "../../http/method.ts";

const methods = new Set<Method>([
  Method.get,
  Method.head,
  Method.put,
  Method.delete,
  Method.options,
  Method.trace,
]);

/** A repetition of such a request does no harm (RFC 9110 9.2.2). */
export function isIdempotent(method: Method): boolean {
  return methods.has(method);
}
