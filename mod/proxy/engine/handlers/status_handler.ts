/** `status: ON`: the state of this process, as HTML at the path and as JSON below it (h2o). */
import { version } from "../../../base/version.ts";
import type { Exchange } from "../../../conn/exchange/exchange.ts";
import { imfFixdate, latin1 } from "../../../http/mod.ts";
import type { Router } from "../../routing/router.ts";
import { answer, textHtml } from "../responses/answers.ts";
import type { EngineContext } from "../routes/engine_context.ts";
import type { RoutedRequest } from "../clients/routed_request.ts";
import type { Route, RouteHandler } from "../routes/routes.ts";

/** Facts that only the server knows. */
export interface StatusFacts {
  readonly generation: number | null;
  connectionCount(): number;
  /** 0: no limit. */
  readonly connectionsMax: number;
  readonly workers: number;
}

type Numbers = Record<string, string | number | null>;

const countedErrors = [400, 401, 403, 404, 405, 413, 416, 417, 421, 500, 502, 503, 504] as const;

export class StatusHandler implements RouteHandler {
  readonly #engine: EngineContext;
  readonly #facts: StatusFacts;
  readonly #startedAtMs = Date.now();

  constructor(engine: EngineContext, facts: StatusFacts) {
    this.#engine = engine;
    this.#facts = facts;
  }

  handle(
    exchange: Exchange,
    { head }: RoutedRequest,
    route: Route,
    router: Router<Route>,
  ): boolean {
    const rest = latin1(router.restBytes, router.restStart, router.restEnd).replace(/^\//, "");
    const isJson = rest === "json";
    if (!isJson && rest !== "") return false;
    const shown = shownParts(latin1(head.bytes, router.queryStart, router.queryEnd));
    const numbers = this.#numbers(shown);
    const body = isJson ? `${JSON.stringify(numbers, null, 1)}\n` : page(numbers);
    const type = isJson ? { name: "Content-Type", value: "text/plain; charset=utf-8" } : textHtml;
    const fields = [type, { name: "Cache-Control", value: "no-cache, no-store" }];
    answer(exchange, route, this.#engine.serverFields, 200, fields, body);
    this.#engine.logAccess(exchange, 200, "");
    return true;
  }

  /** Sections and names as in h2o's status, so that tools that read h2o's also read ours. */
  #numbers(shown: ReadonlySet<string> | null): Numbers {
    const has = (part: string) => shown === null || shown.has(part);
    return {
      ...has("main") ? this.#main() : {},
      ...has("events") || has("errors") ? this.#errors() : {},
    };
  }

  #main(): Numbers {
    const { metrics } = this.#engine;
    const now = Date.now();
    const connections = this.#facts.connectionCount();
    return {
      "server-version": `hayate/${version}`,
      "current-time": logTime(now),
      "restart-time": logTime(this.#startedAtMs),
      "uptime": Math.floor((now - this.#startedAtMs) / 1000),
      "generation": this.#facts.generation,
      "connections": connections,
      "max-connections": this.#facts.connectionsMax,
      "listeners": metrics.listeners().length,
      "worker-threads": this.#facts.workers,
      "num-sessions": connections,
      // h2o's `requests` is a list of the requests in progress.
      "num-requests": metrics.requests,
      "responses.2xx": metrics.statusClasses[2],
      "responses.3xx": metrics.statusClasses[3],
      "responses.4xx": metrics.statusClasses[4],
      "responses.5xx": metrics.statusClasses[5],
      "client-aborts": metrics.clientAborts,
      "cut-responses": metrics.cutResponses,
    };
  }

  /** Errors answered by the proxy itself: h2o's list, plus 504, which h2o answers with 502. */
  #errors(): Numbers {
    const { ownErrors } = this.#engine.metrics;
    return Object.fromEntries(
      countedErrors.map((status) => [`status-errors.${status}`, ownErrors[status - 400]]),
    );
  }
}

function page(numbers: Numbers): string {
  const rows = Object.entries(numbers)
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

/** The sections that `?show=main,errors` asks for; null: all. */
function shownParts(query: string): ReadonlySet<string> | null {
  const match = /[?&]show=([^&]*)/.exec(query);
  return match === null ? null : new Set(match[1].split(","));
}

/** `30/Nov/2026:04:30:17 +0000`, as h2o writes it. */
function logTime(epochMs: number): string {
  const [, day, month, year, time] = imfFixdate(Math.floor(epochMs / 1000)).split(" ");
  return `${day}/${month}/${year}:${time} +0000`;
}
