import { assertEquals } from "@std/assert";
import { withImporter } from "../../../mod/script/dynamic_import.ts";

const ours = "__hayate_import(__filename,";

Deno.test("import() in code asks us, and nothing else changes", () => {
  const cases: [text: string, expected: string][] = [
    [`a = import("x")`, `a = ${ours}"x")`],
    [`import (\n"x")`, `${ours}\n"x")`],
    [`() => import(url).then(f)`, `() => ${ours}url).then(f)`],
    ["`${import(a)} import(b)`;import(c)", `\`\${${ours}a)} import(b)\`;${ours}c)`],
    ["`${`${{}}import(a)`}`+import(b)", `\`\${\`\${{}}import(a)\`}\`+${ours}b)`],
    [`x = a / b; import(c) / d`, `x = a / b; ${ours}c) / d`],
    [`return /["'\`/]/.test(x), import(y)`, `return /["'\`/]/.test(x), ${ours}y)`],
    [`f(/[/"]/g, import(y))`, `f(/[/"]/g, ${ours}y))`],
    [`(a)/2; s="/"; import(y)`, `(a)/2; s="/"; ${ours}y)`],
  ];
  for (const [text, expected] of cases) assertEquals(withImporter(text), expected);
});

Deno.test("strings, comments, methods and other names are left as they are", () => {
  const cases = [
    `"import(x)"`,
    `'it\\'s import(x)'`,
    '`<script>import("x")</script>`',
    "// import(x)\n/* import(y) */",
    `loader.import(x)`,
    `loader. import(x)`,
    `({ import(x) { return x; } })`,
    `reimport(x)`,
    `$import(x)`,
    `/import(x)/.test(y)`,
    "`import(x",
    `require("x")`,
  ];
  for (const text of cases) assertEquals(withImporter(text), text);
});
