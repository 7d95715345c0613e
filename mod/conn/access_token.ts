/** A token that private listeners ask for: `Bearer TOKEN`, or `Basic` with it as the password. */

/** Values of the WWW-Authenticate fields of a 401: a browser asks its user only for Basic. */
export const tokenChallenges: readonly string[] = [
  "Bearer",
  'Basic realm="hayate", charset="UTF-8"',
];

/**
 * What a token may be: it stands in a field (RFC 6750 2.1, RFC 7617 2). An empty one would let
 * everybody in.
 */
export const tokenForm = /^[\x21-\x7e]+$/;

/** Compares over the whole length, so that the time says nothing about the first wrong letter. */
export function isTokenGiven(authorization: string | null, token: string): boolean {
  const given = tokenOf(authorization ?? "");
  let difference = given.length ^ token.length;
  for (let i = 0; i < token.length; i++) difference |= token.charCodeAt(i) ^ given.charCodeAt(i);
  return difference === 0;
}

/** "" where there is none. */
function tokenOf(authorization: string): string {
  const [scheme, value = ""] = authorization.split(" ", 2);
  if (scheme.toLowerCase() === "bearer") return value;
  if (scheme.toLowerCase() !== "basic") return "";
  try {
    const pair = atob(value);
    return pair.slice(pair.indexOf(":") + 1);
  } catch (error) {
    if (error instanceof DOMException) return "";
    throw error;
  }
}
