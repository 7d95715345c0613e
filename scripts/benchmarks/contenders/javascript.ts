import type { ServerSpec } from "../comparison.ts";
import { appFiles, readingAppFiles } from "./hayate.ts";

type Files = Readonly<Record<string, string>>;

/** An app under Deno.serve. */
function deno(files: Files): ServerSpec {
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
    args: ({ folder }) => ["run", "--quiet", "--no-config", "--allow-all", `${folder}/main.js`],
  };
}

/** The same under Bun.serve. */
function bun(files: Files): ServerSpec {
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
        }, development: false, fetch: app.fetch });\n`,
      };
    },
    args: ({ folder }) => ["run", `${folder}/main.js`],
  };
}

export const denoServe: ServerSpec = deno(appFiles);
export const denoReadingApp: ServerSpec = deno(readingAppFiles);
export const bunReadingApp: ServerSpec = bun(readingAppFiles);
