/** Request heads for tests of their readers. */
import { RequestHead } from "../../../../mod/http/mod.ts";
import { defaultLimits, parseRequestHead } from "../../../../mod/http1/mod.ts";

/** The head of `GET TARGET` with these field lines. */
export function headOf(target: string, ...lines: readonly string[]): RequestHead {
  const head = new RequestHead(defaultLimits.fieldsMax);
  const text = [`GET ${target} HTTP/1.1`, "Host: h", ...lines, "", ""].join("\r\n");
  const bytes = Uint8Array.from(text, (char) => char.charCodeAt(0));
  const end = parseRequestHead(head, bytes, 0, bytes.length, defaultLimits, 0);
  if (end !== bytes.length) throw new Error(`fault ${end}`);
  return head;
}
