/** The token of private listeners: `Bearer TOKEN`, or `Basic` with the token as the password. */
import { isSameSecret } from "../../base/same_secret.ts";

/** Values of the WWW-Authenticate fields of a 401; browsers prompt only for Basic. */
export const tokenChallenges: readonly string[] = [
  "Bearer",
  'Basic realm="hayate", charset="UTF-8"',
];

/**
 * Form of a token, which is sent in a field (RFC 6750 2.1, RFC 7617 2). An empty token would grant
 * access to everyone.
 */
export const tokenForm = /^[\x21-\x7e]+$/;

export function isTokenGiven(authorization: string | null, token: string): boolean {
  return isSameSecret(tokenOf(authorization ?? ""), token);
}

/** Whether the field has `Basic` credentials that are one of these `USER:PASSWORD`. */
export function isUserGiven(authorization: string | null, users: readonly string[]): boolean {
  const pair = pairOf(authorization ?? "");
  if (pair === null) return false;
  const given = `${pair.user}:${pair.password}`;
  // All are compared: the time tells nothing of their order.
  return users.filter((user) => isSameSecret(given, user)).length > 0;
}

/** Most characters of a user name that are kept. */
const userCharsMax = 32;

/** The unverified user name of `Basic` credentials; "" without a printable one. */
export function basicUserOf(authorization: string): string {
  const user = pairOf(authorization)?.user ?? "";
  return /^[\x20-\x7e]*$/.test(user) ? user.slice(0, userCharsMax).trim() : "";
}

/** The token in the field; "" without one. RFC 9110 11.4: one or more blanks follow the scheme. */
function tokenOf(authorization: string): string {
  const [scheme, value] = schemeOf(authorization);
  return scheme === "bearer" ? value : pairOf(authorization)?.password ?? "";
}

function schemeOf(authorization: string): [scheme: string, value: string] {
  const [, scheme = "", value = ""] = /^(\S+) +(\S+)$/.exec(authorization) ?? [];
  return [scheme.toLowerCase(), value];
}

/** `Basic` credentials; null for any other scheme, or if they cannot be read. */
function pairOf(authorization: string): { user: string; password: string } | null {
  const [scheme, value] = schemeOf(authorization);
  if (scheme !== "basic") return null;
  try {
    const pair = atob(value);
    const colon = pair.indexOf(":");
    return { user: pair.slice(0, Math.max(0, colon)), password: pair.slice(colon + 1) };
  } catch (error) {
    if (error instanceof DOMException) return null;
    throw error;
  }
}
