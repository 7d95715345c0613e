/** The forms in which an app gives its handler. */
import { exitCodes, StartError } from "../../base/errors.ts";
import type { Fetch } from "../fetch/fetch_handler.ts";
import type { CapturedServer } from "./captured_server.ts";

type Module = Readonly<Record<string, unknown>>;

/** Frameworks of Node: what they export is called with a request and a response of `node:http`. */
interface NodeApp {
  /** express and connect: the app itself is the listener. */
  readonly handle?: unknown;
  readonly listen?: unknown;
  /** koa. */
  readonly callback?: () => unknown;
  /** fastify. */
  readonly ready?: () => Promise<unknown>;
  readonly server?: unknown;
}

const forms = "expected export default { fetch(request, info) { ... } }, a function, Deno.serve, " +
  "or an app of express, fastify or koa";

/** What `react-router build` exports for the server that React Router has on npm. */
const reactRouterBuild = ["assetsBuildDirectory", "entry", "routes"] as const;
const reactRouterHint = "is a build of React Router, which its own server runs: hayate serve " +
  "node_modules/@react-router/serve/bin.js --";

/**
 * The handler of a loaded app: `fetch` of its default export or its own, a default function, an app
 * of Node, or the server that it opens. Rejects with `StartError`.
 */
export async function fetchOf(
  module: Module,
  path: string,
  captured: CapturedServer,
  opensServer: boolean,
): Promise<Fetch> {
  const app = module["default"] as ({ fetch?: unknown } & NodeApp) | undefined;
  if (typeof app?.fetch === "function") return app.fetch.bind(app) as Fetch;
  if (typeof module["fetch"] === "function") return module["fetch"] as Fetch;
  if (captured.isOpen) return await captured.opened;
  if (reactRouterBuild.every((name) => name in module)) {
    throw new StartError(`${path}: ${reactRouterHint} ${path}`, exitCodes.config);
  }
  const node = app === undefined || app === null ? null : await fetchOfNodeApp(app);
  if (node !== null) return node;
  if (typeof app === "function") return app as unknown as Fetch;
  // It may be about to: `start().then(() => app.listen(3000))`.
  if (opensServer) return await captured.opened;
  const found = app === undefined ? "no default export" : "a default export without fetch";
  throw new StartError(`${path}: has ${found}; ${forms}`, exitCodes.config);
}

async function fetchOfNodeApp(app: NodeApp): Promise<Fetch | null> {
  const isListener = (typeof app as string) === "function" && typeof app.handle === "function";
  const isServer = typeof app.ready === "function" && typeof app.server === "object";
  const isKoa = typeof app.callback === "function" && typeof app.listen === "function";
  if (!isListener && !isServer && !isKoa) return null;
  const { fetchOfListener, fetchOfNodeServer } = await import("./node_http.ts");
  if (isServer) {
    await app.ready!();
    return await fetchOfNodeServer(app.server);
  }
  return await fetchOfListener(isKoa ? app.callback!() : app);
}
