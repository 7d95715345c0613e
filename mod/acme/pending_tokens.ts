/** Answers of HTTP-01 challenges (RFC 8555 8.3), for pending tokens of our own alone. */
import { latin1, latin1Bytes, Method, type RequestHead } from "../http/mod.ts";
import { readToken } from "./store/state_folder.ts";

const prefix = latin1Bytes("/.well-known/acme-challenge/");

export class PendingTokens {
  readonly #folders: readonly string[];

  private constructor(folders: readonly string[]) {
    this.#folders = folders;
  }

  /** `folders`: those with pending challenges, null where there are none. null: none at all. */
  static in(...folders: readonly (string | null)[]): PendingTokens | null {
    const some = folders.filter((folder) => folder !== null);
    return some.length === 0 ? null : new PendingTokens([...new Set(some)]);
  }

  /** The key authorization that the request asks for; null: it is an ordinary request. */
  find({ bytes, pathStart, pathEnd, method }: RequestHead): string | null {
    if (pathEnd - pathStart <= prefix.length) return null;
    for (let i = 0; i < prefix.length; i++) {
      if (bytes[pathStart + i] !== prefix[i]) return null;
    }
    if (method !== Method.get && method !== Method.head) return null;
    const token = latin1(bytes, pathStart + prefix.length, pathEnd);
    for (const folder of this.#folders) {
      const found = readToken(folder, token);
      if (found !== null) return found;
    }
    return null;
  }
}
