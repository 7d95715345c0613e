/** From the plan's app to who answers exchanges. */
import { exitCodes, StartError } from "../base/errors.ts";
import type { Exchange, ExchangeHandler } from "../conn/exchange.ts";
import { StaticResponse } from "../conn/static_response.ts";
import { Method } from "../http1/method.ts";
import type { Cork } from "./fetch/response_writer.ts";
import type { Fetch, FetchHandler } from "./fetch/fetch_handler.ts";
import { installBlobWorkers } from "./blob_workers.ts";
import { inStartTime } from "./start_time.ts";
import { noTunnel } from "./no_tunnel.ts";
import { loadMediaTypes } from "../static/media_type.ts";
import type { FileOpener } from "../static/open_file.ts";
import { watchByStatx } from "../static/path_watch.ts";
import type { ServePlan } from "./plan.ts";

/** What an app needs of the worker that runs it. */
export interface AppHome {
  readonly backend: "epoll" | "portable";
  readonly nowMs: number;
  /** Its handler threw, or its promise or stream rejected, while it answered `request`. */
  onAppError(request: string, error: unknown): void;
  beginAsync(): void;
  endAsync(): void;
  setTimer(delayMs: number, callback: () => void): number;
  clearTimer(handle: number): void;
}

/** A loaded app. */
export interface App {
  readonly handler: ExchangeHandler;
  /** Called once, when the server exists. */
  attach?(cork: Cork): void;
  /** Ends what outlives exchanges: WebSockets. */
  drain?(): Promise<void>;
  /** Calls of an app's hook, if it exports one. */
  readonly hooks: AppHooks;
}

/** Functions that an app module may export besides its handler. */
export interface AppHooks {
  /** In the master before a worker is started; gets the slot. */
  readonly beforeFork?: (slot: number) => unknown;
  /** In a worker before it accepts. */
  readonly afterFork?: (slot: number) => unknown;
}

/** Loads what the plan names. Throws StartError. */
export async function loadApp(plan: ServePlan, home: AppHome): Promise<App> {
  switch (plan.app.kind) {
    case "text":
      return { handler: textHandler(plan.app.text), hooks: {} };
    case "folder": {
      const { FolderHandler } = await import("./folder_handler.ts");
      await loadMediaTypes();
      const opener = await openerFor(home);
      return { handler: new FolderHandler(plan.app.path, plan.files, home, opener), hooks: {} };
    }
    case "script":
      return await loadFetchApp(plan.app.path, plan, home);
  }
}

/** Descriptors for sendfile(2) where the reactor has it. */
async function openerFor({ backend }: AppHome): Promise<FileOpener> {
  if (backend === "epoll") {
    await watchByStatx();
    return new (await import("../static/descriptor_opener.ts")).DescriptorOpener();
  }
  return new (await import("../static/open_file.ts")).PlainOpener();
}

/** Answers everything with one rendered response: nothing is made per request. */
function textHandler(text: string): ExchangeHandler {
  const type = ["Content-Type", "text/plain; charset=utf-8"] as const;
  const response = new StaticResponse(200, [type], text);
  return {
    onRequest(x: Exchange): void {
      x.respond(x.head.method === Method.connect ? noTunnel : response);
    },
    onBody() {},
    onBodyEnd() {},
    onDrain() {},
    onAbort() {},
  };
}

async function loadFetchApp(path: string, plan: ServePlan, home: AppHome): Promise<App> {
  const [{ loadScript }, { FetchHandler }, { installUpgrade }] = await Promise.all([
    import("../script/mod.ts"),
    import("./fetch/fetch_handler.ts"),
    import("./fetch/deno_upgrade.ts"),
  ]);
  installUpgrade();
  installBlobWorkers();
  const { startTimeoutMs } = plan.process;
  const module = await inStartTime(loadScript(path), startTimeoutMs, path);
  const options = {
    chunked: plan.http.chunked,
    bodyBytesMax: plan.http.bodyBytesMax,
    timeoutMs: plan.process.timeoutMs,
    webSockets: {
      messageBytesMax: plan.http.messageBytesMax,
      writeTimeoutMs: plan.http.writeTimeoutMs,
    },
  };
  const handler: FetchHandler = new FetchHandler(fetchOf(module, path), options, home);
  return {
    handler,
    hooks: hooksOf(module),
    drain: async () => await (await import("./fetch/web_socket.ts")).closeWebSockets(),
    attach: (cork) => handler.cork = cork,
  };
}

/** The `fetch` of the default export, or of a module that exports it by name. */
function fetchOf(module: Readonly<Record<string, unknown>>, path: string): Fetch {
  const app = module.default as { fetch?: unknown } | undefined;
  if (typeof app?.fetch === "function") return app.fetch.bind(app) as Fetch;
  if (typeof module.fetch === "function") return module.fetch as Fetch;
  const found = app === undefined ? "no default export" : "a default export without fetch";
  throw new StartError(
    `${path}: has ${found}; wanted is export default { fetch(request, info) { ... } }`,
    exitCodes.config,
  );
}

function hooksOf(module: Readonly<Record<string, unknown>>): AppHooks {
  const { beforeFork, afterFork } = module;
  return {
    ...(typeof beforeFork === "function" ? { beforeFork: beforeFork as () => unknown } : {}),
    ...(typeof afterFork === "function" ? { afterFork: afterFork as () => unknown } : {}),
  };
}
