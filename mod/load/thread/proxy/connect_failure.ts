import type { FailureKind } from "../../plan/failure.ts";

/** The kind of a failed connect; `awaitsProxy`: a proxy was connected and has opened no tunnel. */
export function connectFailureKind(code: string, awaitsProxy: boolean): FailureKind {
  if (awaitsProxy) return "proxy";
  return code === "ECONNREFUSED" ? "refused" : "connect";
}
