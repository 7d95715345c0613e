/** Answers scrapers on a thread of its own, so that they cost the load threads nothing. */
import type { Exchange, ExchangeHandler } from "../../conn/exchange/exchange.ts";
import { StaticResponse } from "../../conn/exchange/static_response.ts";
import { HttpServer } from "../../conn/http_server.ts";
import { chooseMetricsFormat, metricsContentTypes } from "../../metrics/metrics_writer.ts";
import { createReactor } from "../../net/mod.ts";
import type { Listener, Reactor } from "../../net/reactor.ts";
import { Meter } from "./meter.ts";
import type { FromMetrics, ToMetrics } from "./metrics_messages.ts";
import { metricsText } from "./metrics_text.ts";

const textFields = [["Content-Type", "text/plain; charset=utf-8"]] as const;
const elsewhere = new StaticResponse(404, textFields, "the metrics are at /metrics\n");
const wrongMethod = new StaticResponse(405, [...textFields, ["Allow", "GET, HEAD"]], "use GET\n");

export class MetricsDesk implements ExchangeHandler {
  readonly #meter = new Meter();
  readonly #reactor: Reactor;
  readonly #listener: Listener;
  readonly #running: Promise<void>;

  private constructor(reactor: Reactor, message: Extract<ToMetrics, { kind: "openMetrics" }>) {
    this.#reactor = reactor;
    const server = new HttpServer(reactor, this);
    this.#listener = reactor.listen(message.address, {}, server.onAccept);
    this.#running = reactor.run();
  }

  /** Throws `StartError` for an address that cannot be listened on. */
  static async open(message: Extract<ToMetrics, { kind: "openMetrics" }>): Promise<MetricsDesk> {
    return new MetricsDesk(await createReactor(message.reactor), message);
  }

  /** Does what the main thread says; resolves to the answer to it, null without one. */
  async obey(message: ToMetrics): Promise<FromMetrics | null> {
    switch (message.kind) {
      case "openMetrics":
        return { kind: "metricsOpened" };
      case "meter":
        this.#meter.begin(message.run);
        return null;
      case "meterStart":
        this.#meter.start(message.epochMs);
        return null;
      case "meterEnd":
        this.#meter.end();
        return null;
      case "closeMetrics":
        this.#listener.close();
        this.#reactor.stop();
        this.#reactor.wake();
        await this.#running;
        return { kind: "metricsClosed" };
    }
  }

  onRequest(exchange: Exchange): void {
    const { head } = exchange;
    const method = head.methodText();
    if (head.pathText().split("?", 1)[0] !== "/metrics") return exchange.respond(elsewhere);
    if (method !== "GET" && method !== "HEAD") return exchange.respond(wrongMethod);
    const format = chooseMetricsFormat(head.field("accept"));
    const reading = this.#meter.read(performance.timeOrigin + performance.now());
    const fields = [
      ["Content-Type", metricsContentTypes[format]],
      ["Cache-Control", "no-store"],
    ] as const;
    exchange.respond(new StaticResponse(200, fields, metricsText(reading, format)));
  }

  onBody(): void {}
  onBodyEnd(): void {}
  onDrain(): void {}
  onAbort(): void {}
}
