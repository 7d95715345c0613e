/** Imports the user's module, with the servers that it may open captured. */
import { ownSection } from "../../script/built/section.ts";
import { requireName } from "../../script/linker/module_source.ts";
import { loadScript, type ScriptModule } from "../../script/mod.ts";
import type { AppPlan } from "../plan/plan.ts";
import { setDenoArgs, setNodeArgs } from "./app_arguments.ts";
import { captureDenoServe, type CapturedServer } from "./captured_server.ts";

/** A module that has run to its end. */
export interface AppModule {
  readonly exports: ScriptModule;
  /** It has opened a server, or looks as if it will. */
  readonly opensServer: boolean;
}

type ScriptApp = Extract<AppPlan, { kind: "script" | "built" }>;

/** Imports the app. Throws `StartError`. */
export async function importApp(app: ScriptApp, captured: CapturedServer): Promise<AppModule> {
  captureDenoServe(captured);
  setDenoArgs(app.args);
  let opensServer = false;
  const beforeImport = async (text: string, path: string) => {
    const hasCommonJs = text.includes(requireName);
    if (hasCommonJs || text.includes("argv")) setNodeArgs(path, app.args);
    opensServer = hasCommonJs || /\.listen\s*\(|\bDeno\.serve\b/.test(text);
    if (!hasCommonJs && !/["']node:https?["']/.test(text)) return;
    await (await import("./node_http.ts")).captureNodeServers(captured);
  };
  const exports = await load(app, beforeImport);
  return { exports, opensServer };
}

async function load(
  app: ScriptApp,
  beforeImport: (text: string, path: string) => Promise<void>,
): Promise<ScriptModule> {
  if (app.kind === "built") {
    const { loadBuilt } = await import("../../script/built_app.ts");
    return await loadBuilt(ownSection()!, beforeImport);
  }
  const { path } = app;
  return await loadScript(path, {
    beforeImport: (text) => beforeImport(text, Deno.realPathSync(path)),
  });
}

/** What messages call the app. */
export function nameOf(app: ScriptApp): string {
  return app.kind === "built" ? Deno.execPath() : app.path;
}
