/** Imports the user's module, with the servers that it may open captured. */
import { requireName } from "../../script/linker/module_source.ts";
import { loadScript, type ScriptModule } from "../../script/mod.ts";
import { setDenoArgs, setNodeArgs } from "./app_arguments.ts";
import { captureDenoServe, type CapturedServer } from "./captured_server.ts";

/** A module that has run to its end. */
export interface AppModule {
  readonly exports: ScriptModule;
  /** It has opened a server, or looks as if it will. */
  readonly opensServer: boolean;
}

/** `args`: the app's own command line. Throws `StartError`. */
export async function importApp(
  path: string,
  args: readonly string[],
  captured: CapturedServer,
): Promise<AppModule> {
  captureDenoServe(captured);
  setDenoArgs(args);
  let opensServer = false;
  const exports = await loadScript(path, {
    beforeImport: async (text) => {
      const hasCommonJs = text.includes(requireName);
      if (hasCommonJs || text.includes("argv")) setNodeArgs(path, args);
      opensServer = hasCommonJs || /\.listen\s*\(|\bDeno\.serve\b/.test(text);
      if (!hasCommonJs && !/["']node:https?["']/.test(text)) return;
      await (await import("./node_http.ts")).captureNodeServers(captured);
    },
  });
  return { exports, opensServer };
}
