import type { ServerSpec } from "../comparison.ts";
import { appFiles } from "./hayate.ts";

/** The same app under Deno.serve. */
export const denoServe: ServerSpec = {
  name: "Deno.serve",
  program: "deno",
  files: ({ address }) => {
    const where = address.kind === "unix"
      ? { path: address.path }
      : { hostname: address.host, port: address.port };
    const options = JSON.stringify({ ...where, onListen: null }).replace("null", "() => {}");
    return {
      ...appFiles,
      "main.js": `import app from "./app.js";\nDeno.serve(${options}, app.fetch);\n`,
    };
  },
  args: ({ folder }) => ["run", "--quiet", "--no-config", "--allow-all", `${folder}/main.js`],
};
