/** Which host names a CA certifies over HTTP-01 or TLS-ALPN-01. */
import { isIpLiteral } from "../../config/addresses.ts";

/** Labels of letters, digits and hyphens (RFC 1123 2.1), of which the last begins with a letter. */
const nameForm =
  /^(?=.{4,253}$)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]([a-z0-9-]{0,61}[a-z0-9])?$/;

/** Why no certificate can be ordered for a name in lower case, as a clause; null: one can. */
export function nameFault(name: string): string | null {
  if (name === "default" || name === "*") return "it is no name";
  if (name.startsWith("*.")) {
    return "a wildcard needs a challenge over DNS, which hayate does not have";
  }
  if (name.startsWith("[") || isIpLiteral(name)) return "it is an address";
  if (!name.includes(".")) return "it is no public name";
  // deno-lint-ignore no-control-regex
  if (/[^\x00-\x7f]/.test(name)) return "a name with other letters than ASCII is written xn--...";
  return nameForm.test(name) ? null : "it is no host name";
}
