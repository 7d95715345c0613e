/** Who sends a request to the control listener. */
import { basicUserOf } from "../../conn/accept/access_token.ts";
import type { DownstreamConnection } from "../../conn/exchange/exchange.ts";
import { userNameOf } from "../../process/files/users.ts";

/**
 * The user at the other end of a unix socket: `root`, `uid 1000`. On TCP the address, after the user
 * name that a browser was given: everybody has the same token, so the name is what they say it is.
 */
export function requesterOf(
  connection: DownstreamConnection,
  authorization: string | null,
): string {
  const address = connection.peerAddress();
  if (address.kind === "tcp") {
    const user = basicUserOf(authorization ?? "");
    return user === "" ? address.host : `${user} at ${address.host}`;
  }
  const uid = connection.peerUid();
  // The portable reactor has no descriptor to ask.
  if (uid === null) return "unix socket";
  return userNameOf(uid) ?? `uid ${uid}`;
}
