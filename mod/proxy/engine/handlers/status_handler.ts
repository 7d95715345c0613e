/** `status: ON`: what this process is doing, as HTML at the path and as JSON below it (h2o). */
import { version } from "../../../base/version.ts";
import type { Exchange } from "../../../conn/exchange.ts";
import { latin1 } from "../../../http1/mod.ts";
import type { Router } from "../../routing/router.ts";
import { answer, textHtml } from "./answers.ts";
import type { EngineHome } from "../engine_home.ts";
import type { Route, RouteHandler } from "../routes.ts";

/** What only the server knows. */
export interface StatusFacts {
  readonly generation: number | null;
  connectionCount(): number;
}

export class StatusHandler implements RouteHandler {
  readonly #home: EngineHome;
  readonly #facts: StatusFacts;
  readonly #startedAtMs = Date.now();

  constructor(home: EngineHome, facts: StatusFacts) {
    this.#home = home;
    this.#facts = facts;
  }

  handle(x: Exchange, route: Route, router: Router<Route>): boolean {
    const rest = latin1(router.restBytes, router.restStart, router.restEnd).replace(/^\//, "");
    const isJson = rest === "json";
    if (!isJson && rest !== "") return false;
    const body = isJson ? `${JSON.stringify(this.#numbers(), null, 1)}\n` : this.#page();
    const type = isJson ? { name: "Content-Type", value: "text/plain; charset=utf-8" } : textHtml;
    const fields = [type, { name: "Cache-Control", value: "no-cache, no-store" }];
    answer(x, route, this.#home.serverFields, 200, fields, body);
    this.#home.logAccess(x, 200, "");
    return true;
  }

  /** Names as in h2o's status. */
  #numbers(): Record<string, string | number | null> {
    const { metrics } = this.#home;
    const now = Date.now();
    return {
      "server-version": `hayate/${version}`,
      "current-time": new Date(now).toISOString(),
      "restart-time": new Date(this.#startedAtMs).toISOString(),
      "uptime": Math.floor((now - this.#startedAtMs) / 1000),
      "generation": this.#facts.generation,
      "connections": this.#facts.connectionCount(),
      "requests": metrics.requests,
      "responses.2xx": metrics.statusClasses[2],
      "responses.3xx": metrics.statusClasses[3],
      "responses.4xx": metrics.statusClasses[4],
      "responses.5xx": metrics.statusClasses[5],
      "client-aborts": metrics.clientAborts,
      "cut-responses": metrics.cutResponses,
    };
  }

  #page(): string {
    const rows = Object.entries(this.#numbers())
      .map(([name, value]) => `<dt>${name}</dt><dd>${value ?? "-"}</dd>`)
      .join("\n");
    return `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>hayate: status</title>
<style>
body { font: 16px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 40rem; padding: 0 1rem; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .25rem 1.5rem; }
dd { margin: 0; font-variant-numeric: tabular-nums; }
</style>
</head>
<body>
<h1>Status</h1>
<dl>
${rows}
</dl>
</body>
</html>
`;
  }
}
