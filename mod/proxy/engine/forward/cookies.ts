/**
 * Cookies within `Cookie` and `Set-Cookie` (RFC 6265): find, replace and remove by name.
 *
 * Not by @std/http's cookie functions: they need `Headers`, throw on a client's malformed field, and
 * rewrite attributes that must pass unchanged.
 */

/** The value in a Cookie field, or "". */
export function cookieValue(field: string, name: string): string {
  for (const pair of field.split(";")) {
    const trimmed = pair.trim();
    if (trimmed.startsWith(`${name}=`)) return trimmed.slice(name.length + 1);
  }
  return "";
}

/**
 * A Cookie field with changed values for the cookies of one name; `change` returns null to remove
 * one. Returns "" if nothing is left.
 */
export function changeCookies(
  field: string,
  name: string,
  change: (value: string) => string | null,
): string {
  const kept: string[] = [];
  for (const pair of field.split(";")) {
    const trimmed = pair.trim();
    if (trimmed === "") continue;
    if (!trimmed.startsWith(`${name}=`)) {
      kept.push(trimmed);
      continue;
    }
    const value = change(trimmed.slice(name.length + 1));
    if (value !== null) kept.push(`${name}=${value}`);
  }
  return kept.join("; ");
}

/** The value that a Set-Cookie field gives the named cookie; null if it sets another one. */
export function setCookieValue(field: string, name: string): string | null {
  const [pair] = field.split(";", 1);
  const equals = pair.indexOf("=");
  return equals >= 0 && pair.slice(0, equals).trim() === name
    ? pair.slice(equals + 1).trim()
    : null;
}

/** A Set-Cookie field with another value and the same attributes. */
export function withCookieValue(field: string, name: string, value: string): string {
  const semicolon = field.indexOf(";");
  return `${name}=${value}${semicolon < 0 ? "" : field.slice(semicolon)}`;
}
