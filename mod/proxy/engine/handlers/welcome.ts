/** Served without a configuration: a page that shows what is running and the next steps. */
import type { Exchange } from "../../../conn/exchange/exchange.ts";
import { answer, textHtml, textPlain } from "../responses/answers.ts";
import type { EngineContext } from "../routes/engine_context.ts";
import type { RoutedRequest } from "../clients/routed_request.ts";
import type { Route, RouteHandler } from "../routes/routes.ts";
import { type WelcomeFacts, welcomeHtml, welcomeText } from "./welcome_page.ts";

const encoder = new TextEncoder();

export class WelcomeHandler implements RouteHandler {
  readonly #engine: EngineContext;
  readonly #facts: WelcomeFacts;
  readonly #startMs: number;
  #renderedSecond = -1;
  #html = new Uint8Array(0);
  #text = new Uint8Array(0);

  constructor(engine: EngineContext, facts: WelcomeFacts) {
    this.#engine = engine;
    this.#facts = facts;
    this.#startMs = engine.reactor.nowMs;
  }

  handle(exchange: Exchange, { head }: RoutedRequest, route: Route): boolean {
    const upSeconds = Math.floor((this.#engine.reactor.nowMs - this.#startMs) / 1000);
    if (upSeconds !== this.#renderedSecond) this.#render(upSeconds);
    const wantsHtml = head.field("accept")?.includes("text/html") ?? false;
    const body = wantsHtml ? this.#html : this.#text;
    answer(
      exchange,
      route,
      this.#engine.serverFields,
      200,
      wantsHtml ? htmlFields : textFields,
      body,
    );
    this.#engine.logAccess(exchange, 200, "");
    return true;
  }

  /** Runs at most once a second, whatever the request rate. */
  #render(upSeconds: number): void {
    this.#renderedSecond = upSeconds;
    this.#html = encoder.encode(welcomeHtml(this.#facts, upSeconds));
    this.#text = encoder.encode(welcomeText(this.#facts, upSeconds));
  }
}

const common = [
  { name: "Cache-Control", value: "no-store" },
  { name: "Vary", value: "Accept" },
];
const htmlFields = [
  textHtml,
  ...common,
  { name: "Content-Security-Policy", value: "default-src 'none'; style-src 'unsafe-inline'" },
];
const textFields = [textPlain, ...common];
