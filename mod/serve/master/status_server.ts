/** The private listener of a master: its status page, as text and as JSON, and metrics. */
import type { Address } from "../../base/address.ts";
import { StartError, systemReason } from "../../base/errors.ts";
import { version } from "../../base/version.ts";
import { openPrivate, type PrivateListener } from "../../conn/accept/private_listener.ts";
import { isTokenGiven, tokenChallenges, tokenForm } from "../../conn/accept/access_token.ts";
import type { Exchange, ExchangeHandler } from "../../conn/exchange/exchange.ts";
import { HttpServer } from "../../conn/http_server.ts";
import { StaticResponse } from "../../conn/exchange/static_response.ts";
import { readText } from "../../process/privileges/parent_files.ts";
import { createReactor } from "../../net/mod.ts";
import type { AcceptHandler, Reactor } from "../../net/reactor.ts";
import { InheritedBoard } from "../../process/handover/generation_board.ts";
import type { ServePlan, StatusPlan, StatusToken } from "../plan/plan.ts";
import type { Master } from "./master.ts";
import type { Scoreboard } from "../worker/scoreboard.ts";
import { chooseMetricsFormat } from "../../metrics/metrics_writer.ts";
import { renderMetrics, type WorkerGauges } from "./metrics_text.ts";
import { describeWorker, renderStatus, type ServeStatus } from "./status.ts";
import { residentBytes } from "./watch.ts";
import type { WorkerStarter } from "./worker_starter.ts";

const text = [["Content-Type", "text/plain; charset=utf-8"]] as const;
export const metricsPath = "/metrics";
const metricsTypes = {
  prometheus: ["Content-Type", "text/plain; version=0.0.4; charset=utf-8"],
  openmetrics: ["Content-Type", "application/openmetrics-text; version=1.0.0; charset=utf-8"],
} as const;
const json = [["Content-Type", "application/json"]] as const;
/** Sent for every path, so that a client without the token learns nothing. */
const unauthorized = new StaticResponse(
  401,
  [text[0], ...tokenChallenges.map((value) => ["WWW-Authenticate", value] as const)],
  "a token is required\n",
);
const notFound = new StaticResponse(404, text, "404 Not Found\n");

export class StatusServer implements ExchangeHandler {
  readonly #startMs = performance.now();
  readonly #startedAtMs = Date.now();

  private constructor(
    readonly plan: StatusPlan,
    readonly master: Master,
    readonly starter: WorkerStarter,
    readonly scoreboard: Scoreboard,
    readonly reactor: Reactor,
    readonly token: string | null,
  ) {}
  #listener: PrivateListener | null = null;

  /**
   * Opens the plan's status listener. `hasFormer`: an earlier generation may answer at its address,
   * and goes on until `answer`. Throws `StartError`.
   */
  static async open(
    plan: ServePlan,
    master: Master,
    starter: WorkerStarter,
    scoreboard: Scoreboard,
    hasFormer: boolean,
  ): Promise<StatusServer> {
    const reactor = await createReactor();
    const status = plan.status as StatusPlan;
    const token = status.token === null ? null : readToken(status.token);
    const handler = new StatusServer(status, master, starter, scoreboard, reactor, token);
    const server = new HttpServer(reactor, handler);
    const open = hasFormer ? openPrivate : openAlone;
    handler.#listener = open(reactor, status.address, server.onAccept);
    if (!handler.#listener.isTaken) handler.#listener.answer();
    reactor.run();
    return handler;
  }

  /** Takes the address over from an earlier generation; harmless if there is none. */
  answer(): void {
    this.#listener?.answer();
  }

  close(): void {
    this.#listener?.close();
    this.reactor.stop();
  }

  onRequest(exchange: Exchange): void {
    const { token } = this;
    if (token !== null && !isTokenGiven(exchange.head.field("authorization"), token)) {
      return exchange.respond(unauthorized);
    }
    const [path, query] = exchange.head.pathText().split("?", 2);
    if (path === metricsPath) return this.#answerMetrics(exchange);
    if (path !== this.plan.path) return exchange.respond(notFound);
    const status = this.#read();
    const asJson = query === "json" || (exchange.head.field("accept") ?? "").includes("json");
    exchange.respond(
      asJson
        ? new StaticResponse(200, json, JSON.stringify(status) + "\n")
        : new StaticResponse(200, text, renderStatus(status, Date.now())),
    );
  }

  onBody(): void {}
  onBodyEnd(): void {}
  onDrain(): void {}
  onAbort(): void {}

  #answerMetrics(exchange: Exchange): void {
    const format = chooseMetricsFormat(exchange.head.field("accept"));
    const status = this.#read();
    const { requests, metrics } = this.scoreboard.sum();
    const source = {
      status,
      startedAtMs: this.#startedAtMs,
      starts: this.starter.startCount,
      requests,
      sum: metrics,
      gauges: this.#gauges(status),
    };
    exchange.respond(
      new StaticResponse(200, [metricsTypes[format]], renderMetrics(source, format)),
    );
  }

  #gauges({ workers }: ServeStatus): WorkerGauges[] {
    const bySlot = new Map<number, WorkerGauges>();
    // The newest comes last.
    for (const { pid, slot, state, memoryBytes } of workers) {
      const row = this.starter.records.get(pid)?.row ?? -1;
      if (row < 0 || state === "starting" || (state === "draining" && bySlot.has(slot))) continue;
      const { lagMs, waiting, heapBytes } = this.scoreboard.row(row).metrics;
      bySlot.set(slot, { slot, lagMs, waiting, heapBytes, memoryBytes });
    }
    return [...bySlot.values()].sort((a, b) => a.slot - b.slot);
  }

  #read(): ServeStatus {
    const nowMs = performance.now();
    const workers = this.master.workers.map((worker) => {
      const { row: index = -1, slot = 0 } = this.starter.records.get(worker.pid) ?? {};
      const row = index < 0 ? null : this.scoreboard.row(index).read();
      const process = { ...worker, slot, uptimeMs: nowMs - worker.startedMs };
      return describeWorker(process, row, residentBytes(worker.pid), Date.now());
    });
    return {
      version,
      pid: Deno.pid,
      uptimeMs: Math.round(nowMs - this.#startMs),
      workers,
      supervisor: InheritedBoard.claim()?.read() ?? null,
    };
  }
}

/** As `openPrivate`, where no other process may answer. Throws `StartError` if one does. */
function openAlone(reactor: Reactor, address: Address, onAccept: AcceptHandler): PrivateListener {
  const mode = address.kind === "unix" ? { mode: 0o600 } : {};
  const listener = reactor.listen(address, mode, onAccept);
  return { isTaken: false, answer: () => {}, close: () => listener.close() };
}

/** Throws `StartError` when the file cannot be read or its first line is not a token. */
function readToken(token: StatusToken): string {
  if ("text" in token) return token.text;
  const { file } = token;
  let text: string;
  try {
    text = readText(file);
  } catch (error) {
    throw new StartError(`--status-token-file ${file}: ${systemReason(error)}`);
  }
  const [line] = text.split(/\r?\n/, 1);
  if (tokenForm.test(line)) return line;
  throw new StartError(
    `--status-token-file ${file}: the first line must be one or more visible ASCII characters`,
  );
}
