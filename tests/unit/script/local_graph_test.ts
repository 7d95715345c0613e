import { assertEquals } from "@std/assert";
import { localGraph } from "../../../mod/script/local_graph.ts";
import { tempFolder } from "../../support/ports.ts";

Deno.test("localGraph() finds what an app imports by relative paths", async () => {
  await using folder = await tempFolder();
  const write = (name: string, text: string) => folder.write(name, text);
  const entry = await write(
    "app.ts",
    'import { a } from "./lib/a.ts";\nimport "npm:x";\nexport default a;\n',
  );
  await write(
    "lib/a.ts",
    'export { b as a } from "../b.js";\nconst late = () => import("./data.json");\n',
  );
  await write("b.js", 'import "./app.ts";\nexport const b = "./not-imported.ts";\n');
  await write("lib/data.json", "{}");
  await write("not-imported.ts", "");
  const names = localGraph(entry).map((path) => path.slice(folder.path.length + 1));
  assertEquals(names, ["app.ts", "b.js", "lib/a.ts", "lib/data.json"]);
});

Deno.test("localGraph() lists files that are missing or do not parse", async () => {
  await using folder = await tempFolder();
  const entry = await folder.write("app.ts", 'import "./broken.ts"; import "./missing.ts";\n');
  await folder.write("broken.ts", 'import "./x.ts"; const = ;\n');
  const names = localGraph(entry).map((path) => path.slice(folder.path.length + 1));
  assertEquals(names, ["app.ts", "broken.ts", "missing.ts"]);
});
