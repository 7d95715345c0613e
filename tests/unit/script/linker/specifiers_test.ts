import { assert, assertEquals } from "@std/assert";
import type { Mapping } from "../../../../mod/script/linker/deno_config.ts";
import { resolve, resolvedNames } from "../../../../mod/script/linker/specifiers.ts";

const importer = "file:///app/src/a.ts";

Deno.test("resolve() finds modules of the runtime, npm: and jsr: names", () => {
  const rows: [name: string, target: unknown][] = [
    ["fs", { kind: "builtin", name: "node:fs" }],
    ["node:fs/promises", { kind: "builtin", name: "node:fs/promises" }],
    ["npm:hono", { kind: "package", name: "hono", asked: "npm:hono" }],
    ["npm:hono@^4.1/jsx", { kind: "package", name: "hono/jsx", asked: "npm:hono@^4.1/jsx" }],
    ["npm:/@a/b@1/c/d", { kind: "package", name: "@a/b/c/d", asked: "npm:/@a/b@1/c/d" }],
    ["jsr:@std/path@1/posix", {
      kind: "package",
      name: "@jsr/std__path/posix",
      asked: "jsr:@std/path@1/posix",
    }],
    ["https://esm.sh/x", { kind: "remote", url: "https://esm.sh/x" }],
    ["file:///a%20b.ts", { kind: "file", path: "/a b.ts" }],
    ["hono", null],
    ["./b.ts", null],
    ["fs-extra", null],
  ];
  for (const [name, target] of rows) {
    assertEquals(resolve(name, importer, []), target as never, name);
  }
});

Deno.test("resolve() applies mappings in their order, to the app's own modules", () => {
  const mappings: Mapping[] = [
    { scope: "file:///app/test/", from: "db", to: "file:///app/fake.ts" },
    { scope: "", from: "@/", to: "file:///app/src/" },
    { scope: "", from: "db", to: "npm:pg@8" },
    { scope: "", from: "file:///app/src/old.ts", to: "file:///app/src/new.ts" },
  ];
  const file = (path: string) => ({ kind: "file", path });
  const rows: [name: string, importer: string, target: unknown][] = [
    ["@/x/y.ts", importer, file("/app/src/x/y.ts")],
    ["db", importer, { kind: "package", name: "pg", asked: "npm:pg@8" }],
    ["db", "file:///app/test/a.ts", file("/app/fake.ts")],
    ["./old.ts", importer, file("/app/src/new.ts")],
    ["db", "file:///app/node_modules/x/index.js", null],
  ];
  for (const [name, from, target] of rows) {
    assertEquals(resolve(name, from, mappings), target as never, name);
  }
  const names = new RegExp(resolvedNames(mappings));
  for (const name of ["fs", "@/x", "db", "./old.ts", "npm:x", "node:fs"]) assert(names.test(name));
  for (const name of ["fsx", "dbx", "hono", "db/x"]) assert(!names.test(name), name);
});
