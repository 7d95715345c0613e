/** Loads the plan's app and makes its exchange handler. */
import { exitCodes, StartError } from "../../base/errors.ts";
import type { Exchange, ExchangeHandler } from "../../conn/exchange/exchange.ts";
import { StaticResponse } from "../../conn/exchange/static_response.ts";
import { Method } from "../../http/method.ts";
import type { Cork } from "../fetch/response_writer.ts";
import type { Fetch, FetchHandler } from "../fetch/fetch_handler.ts";
import { installBlobWorkers } from "./blob_workers.ts";
import { inStartTime } from "./start_time.ts";
import { noTunnel } from "../fetch/no_tunnel.ts";
import { loadMediaTypes } from "../../static/media_type.ts";
import { fileOpener, openByDescriptor } from "../../static/open_file.ts";
import { watchByStatx } from "../../static/path_watch.ts";
import type { ServePlan } from "../plan/plan.ts";
import type { TrustedProxies } from "../clients/trusted_proxies.ts";
import type { RuleLog } from "../site/rules/rule_files.ts";

/** What an app needs from its worker. */
export interface AppHost {
  readonly backend: "epoll" | "portable";
  readonly nowMs: number;
  /** null: no proxy is trusted. */
  readonly clients: TrustedProxies | null;
  /** For what the files of a site have to be told about. */
  readonly siteLog: RuleLog;
  /** The handler threw, or its promise or stream rejected. `request` is method and path. */
  onAppError(request: string, error: unknown): void;
  beginAsync(): void;
  endAsync(): void;
  setTimer(delayMs: number, callback: () => void): number;
  clearTimer(handle: number): void;
}

/** A loaded app. */
export interface App {
  readonly handler: ExchangeHandler;
  /** Called once, after the server is created. */
  attach?(cork: Cork): void;
  /** Closes what outlives exchanges: WebSockets. */
  drain?(): Promise<void>;
  /** Hooks that the app exports. */
  readonly hooks: AppHooks;
}

/** Functions that an app module may export besides its handler. */
export interface AppHooks {
  /** Called in the master before a worker is started, with the worker's slot. */
  readonly beforeFork?: (slot: number) => unknown;
  /** Called in a worker before it accepts. */
  readonly afterFork?: (slot: number) => unknown;
}

/** Loads the app of the plan. Throws StartError. */
export async function loadApp(plan: ServePlan, host: AppHost): Promise<App> {
  switch (plan.app.kind) {
    case "text":
      return { handler: textHandler(plan.app.text), hooks: {} };
    case "folder":
      return { handler: await openFolders(plan.app, plan.files, host), hooks: {} };
    case "script":
      return await loadFetchApp(plan.app.path, plan, host);
  }
}

async function openFolders(
  app: ServePlan["app"] & { kind: "folder" },
  files: ServePlan["files"],
  host: AppHost,
): Promise<ExchangeHandler> {
  const { FolderHandler } = await import("../site/folder_handler.ts");
  await loadMediaTypes();
  // Sendfile(2) and statx(2) come over FFI, as the reactor does.
  if (host.backend === "epoll") await Promise.all([watchByStatx(), openByDescriptor()]);
  const opener = fileOpener();
  const parts = { files, opener, log: host.siteLog, clock: host, clients: host.clients };
  if (!files.compress) return new FolderHandler(app, parts);
  const { CompressedForms } = await import("../../static/compressed_forms.ts");
  const forms = new CompressedForms(await import("../../std/compressor.ts"), host);
  return new FolderHandler(app, { ...parts, forms });
}

/** Answers every request with one prepared response; allocates nothing per request. */
function textHandler(text: string): ExchangeHandler {
  const type = ["Content-Type", "text/plain; charset=utf-8"] as const;
  const response = new StaticResponse(200, [type], text);
  return {
    onRequest(exchange: Exchange): void {
      exchange.respond(exchange.head.method === Method.connect ? noTunnel : response);
    },
    onBody() {},
    onBodyEnd() {},
    onDrain() {},
    onAbort() {},
  };
}

async function loadFetchApp(path: string, plan: ServePlan, host: AppHost): Promise<App> {
  const [{ loadScript }, { FetchHandler }, { installUpgrade }] = await Promise.all([
    import("../../script/mod.ts"),
    import("../fetch/fetch_handler.ts"),
    import("../fetch/deno_upgrade.ts"),
  ]);
  installUpgrade();
  installBlobWorkers();
  const { startTimeoutMs } = plan.process;
  const module = await inStartTime(loadScript(path), startTimeoutMs, path);
  const options = {
    chunked: plan.http.chunked,
    bodyBytesMax: plan.http.bodyBytesMax,
    timeoutMs: plan.process.timeoutMs,
    clients: host.clients,
    webSockets: {
      messageBytesMax: plan.http.messageBytesMax,
      writeTimeoutMs: plan.http.writeTimeoutMs,
    },
  };
  const handler: FetchHandler = new FetchHandler(fetchOf(module, path), options, host);
  return {
    handler,
    hooks: hooksOf(module),
    drain: async () => await (await import("../fetch/web_socket.ts")).closeWebSockets(),
    attach: (cork) => handler.cork = cork,
  };
}

/** The default export's `fetch`, or else the module's named export `fetch`. */
function fetchOf(module: Readonly<Record<string, unknown>>, path: string): Fetch {
  const app = module.default as { fetch?: unknown } | undefined;
  if (typeof app?.fetch === "function") return app.fetch.bind(app) as Fetch;
  if (typeof module.fetch === "function") return module.fetch as Fetch;
  const found = app === undefined ? "no default export" : "a default export without fetch";
  throw new StartError(
    `${path}: has ${found}; expected export default { fetch(request, info) { ... } }`,
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
