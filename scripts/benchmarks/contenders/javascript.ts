import type { ServerSpec } from "../comparison.ts";
import { appFiles, readingAppFiles } from "./hayate.ts";

type Files = Readonly<Record<string, string>>;

/** An app, whose entry is `app.js`, under Deno.serve. Packages are those of node_modules. */
export function denoAppOf(files: Files): ServerSpec {
  return {
    name: "Deno.serve",
    program: "deno",
    files: ({ address }) => {
      const where = address.kind === "unix"
        ? { path: address.path }
        : { hostname: address.host, port: address.port };
      const options = JSON.stringify({ ...where, onListen: null }).replace("null", "() => {}");
      return {
        ...files,
        "main.js": `import app from "./app.js";\nDeno.serve(${options}, app.fetch);\n`,
      };
    },
    args: ({ folder }) => [
      ...["run", "--quiet", "--no-lock", "--node-modules-dir=manual", "--allow-all"],
      `${folder}/main.js`,
    ],
  };
}

/** The same under Bun.serve. `options`: an object with its handlers, as text. */
export function bunAppOf(files: Files, options = "{ fetch: app.fetch }"): ServerSpec {
  return {
    name: "Bun.serve",
    program: "bun",
    files: ({ address }) => {
      const where = address.kind === "unix"
        ? { unix: address.path }
        : { hostname: address.host, port: address.port };
      return {
        ...files,
        "main.js": `import app from "./app.js";\nBun.serve({ ...${
          JSON.stringify(where)
        }, development: false, ...${options} });\n`,
      };
    },
    args: ({ folder }) => ["run", `${folder}/main.js`],
  };
}

export const denoServe: ServerSpec = denoAppOf(appFiles);
export const denoReadingApp: ServerSpec = denoAppOf(readingAppFiles);
export const bunReadingApp: ServerSpec = bunAppOf(readingAppFiles);
