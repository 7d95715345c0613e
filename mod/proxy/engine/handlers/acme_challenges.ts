/** Answers of HTTP-01 challenges (RFC 8555 8.3), for pending tokens of the state folder alone. */
import { readToken } from "../../../acme/store/state_folder.ts";
import { latin1, latin1Bytes, Method, type RequestHead } from "../../../http/mod.ts";

const prefix = latin1Bytes("/.well-known/acme-challenge/");

/** The key authorization that the request asks for; null: it is an ordinary request. */
export function pendingAuthorization(folder: string, head: RequestHead): string | null {
  const { bytes, pathStart, pathEnd, method } = head;
  if (pathEnd - pathStart <= prefix.length) return null;
  for (let i = 0; i < prefix.length; i++) {
    if (bytes[pathStart + i] !== prefix[i]) return null;
  }
  if (method !== Method.get && method !== Method.head) return null;
  return readToken(folder, latin1(bytes, pathStart + prefix.length, pathEnd));
}
