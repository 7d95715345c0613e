/** Loads the plan's app and makes its exchange handler. */
import type { Exchange, ExchangeHandler } from "../../conn/exchange/exchange.ts";
import { StaticResponse } from "../../conn/exchange/static_response.ts";
import { Method } from "../../http/method.ts";
import type { Cork } from "../fetch/streamed_body.ts";
import type { FetchHandler } from "../fetch/fetch_handler.ts";
import type { ServedAddress } from "../fetch/served_info.ts";
import { fetchOf } from "./app_shape.ts";
import { tellPort } from "./app_arguments.ts";
import { CapturedServer } from "./captured_server.ts";
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
  /** One line on what the app does. */
  onAppWarning(line: string): void;
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
    case "built":
      return await loadFetchApp(plan.app, plan, host);
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

async function loadFetchApp(
  app: ServePlan["app"] & { kind: "script" | "built" },
  plan: ServePlan,
  host: AppHost,
): Promise<App> {
  const [{ importApp, nameOf }, { FetchHandler }, { installUpgrade }] = await Promise.all([
    import("./app_module.ts"),
    import("../fetch/fetch_handler.ts"),
    import("../fetch/deno_upgrade.ts"),
  ]);
  installUpgrade();
  installBlobWorkers();
  const { startTimeoutMs } = plan.process;
  const path = nameOf(app);
  const place = placeOf(plan);
  if (place.transport === "tcp") tellPort(place.port);
  const captured = new CapturedServer(place, (line) => host.onAppWarning(line));
  const { exports, opensServer } = await inStartTime(
    importApp(app, captured),
    startTimeoutMs,
    path,
  );
  const fetch = await inStartTime(
    fetchOf(exports, path, captured, opensServer),
    startTimeoutMs,
    path,
    "its listen()",
  );
  const options = {
    chunked: plan.http.chunked,
    bodyBytesMax: plan.http.bodyBytesMax,
    timeoutMs: plan.process.timeoutMs,
    admission: plan.process.admission,
    clients: host.clients,
    webSockets: {
      messageBytesMax: plan.http.messageBytesMax,
      writeTimeoutMs: plan.http.writeTimeoutMs,
    },
  };
  const handler: FetchHandler = new FetchHandler(fetch, options, host);
  return {
    handler,
    hooks: hooksOf(exports),
    drain: async () => await (await import("../fetch/web_socket.ts")).closeWebSockets(),
    attach: (cork) => handler.cork = cork,
  };
}

/** What an app is told of the address that it serves at. */
function placeOf({ listen }: ServePlan): ServedAddress {
  const [socket] = listen.sockets;
  if (socket === undefined) return { transport: "tcp", hostname: "0.0.0.0", port: 0 };
  const { address } = socket;
  return address.kind === "unix"
    ? { transport: "unix", path: address.path }
    : { transport: "tcp", hostname: address.host, port: address.port };
}

function hooksOf(module: Readonly<Record<string, unknown>>): AppHooks {
  const { beforeFork, afterFork } = module;
  return {
    ...(typeof beforeFork === "function" ? { beforeFork: beforeFork as () => unknown } : {}),
    ...(typeof afterFork === "function" ? { afterFork: afterFork as () => unknown } : {}),
  };
}
