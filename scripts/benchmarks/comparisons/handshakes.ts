import type { ClientSpec, ServerComparison } from "../comparison.ts";
import { hayateRedirect } from "../contenders/hayate.ts";
import { hayateLoadFullHandshakes, hayateLoadResumed } from "../contenders/hayate_load.ts";
import { nginxRedirect } from "../contenders/nginx.ts";

export const handshakes: ServerComparison = handshakesBy(
  "handshakes",
  "full TLS handshakes, one request each",
  hayateLoadFullHandshakes,
);
export const handshakesResumed: ServerComparison = handshakesBy(
  "handshakes-resumed",
  "resumed TLS handshakes, one request each",
  hayateLoadResumed,
);

/**
 * Both sides have the same key; the response is a redirect, which both send without a file. wrk and
 * h2load resume no session, so hayate load drives both rows.
 */
function handshakesBy(name: string, title: string, driver: ClientSpec): ServerComparison {
  return {
    name,
    title: `${title}, P-256, one worker`,
    judged: "server",
    driver,
    contenders: [hayateRedirect, nginxRedirect],
    transports: ["tcp"],
    connections: [50],
    isTls: true,
    hasSameLibrary: true,
    goal: 1,
    isCore: true,
  };
}
