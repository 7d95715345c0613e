/** What a process says of its health, and how it answers `/livez` and `/readyz`. */
import type { Exchange } from "../conn/exchange/exchange.ts";
import { StaticResponse } from "../conn/exchange/static_response.ts";

/** A process that serves, or will, or did. */
export interface Health {
  /**
   * Why no request should be sent here now, in a few words; null: it is ready. `query`: of the
   * request, without the question mark.
   */
  unready(query: string): string | null;
}

const fields = [
  ["Content-Type", "text/plain; charset=utf-8"],
  ["Cache-Control", "no-store"],
] as const;
const ok = new StaticResponse(200, fields, "ok\n");
const wrongMethod = new StaticResponse(405, [...fields, ["Allow", "GET, HEAD"]], "use GET\n");

/** The paths of probes, as Kubernetes names them. */
const livePath = "/livez";
const readyPath = "/readyz";

/**
 * Answers a probe; false: its path is neither of them. `/livez` is answered as long as the event loop
 * runs. `/readyz` has status 503 and the reason while requests should go elsewhere.
 */
export function answerProbe(exchange: Exchange, health: Health): boolean {
  const [path, query = ""] = exchange.head.pathText().split("?", 2);
  if (path !== livePath && path !== readyPath) return false;
  const method = exchange.head.methodText();
  if (method !== "GET" && method !== "HEAD") exchange.respond(wrongMethod);
  else {
    const reason = path === livePath ? null : health.unready(query);
    exchange.respond(reason === null ? ok : new StaticResponse(503, fields, `${reason}\n`));
  }
  return true;
}
