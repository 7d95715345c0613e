import { assertEquals } from "@std/assert";
import { type ConfigNode, Problems, readYaml } from "../../../mod/config/mod.ts";

/** A tree as nested arrays: mappings as lists of [key, line, value]. */
function plain(node: ConfigNode | null): unknown {
  if (node === null) return null;
  if (node.kind === "scalar") return node.text;
  if (node.kind === "sequence") return node.items.map(plain);
  return node.pairs.map(({ key, value }) => [key.text, key.at.line, plain(value)]);
}

function read(text: string, files: Record<string, string> = {}): [unknown, string[]] {
  const problems = new Problems();
  const source = {
    readText(path: string): string {
      if (path in files) return files[path];
      throw new Error("no such file");
    },
    environment: (name: string) => name === "HOME" ? "/home/me" : null,
  };
  return [plain(readYaml(text, "h2o.conf", source, problems)), problems.lines()];
}

Deno.test("readYaml() keeps repeated keys in order with their lines", () => {
  const [tree, problems] = read("listen: 80\nhosts:\n  a: b\nlisten:\n  port: 81\n");
  assertEquals(problems, []);
  assertEquals(tree, [
    ["listen", 1, "80"],
    ["hosts", 2, [["a", 3, "b"]]],
    ["listen", 4, [["port", 5, "81"]]],
  ]);
});

Deno.test("readYaml() reads every scalar as written", () => {
  const [tree] = read('a: 0600\nb: ON\nc: "x\\ty"\nd: 1.0\ne:\nf: null\ng: ~\n');
  assertEquals(tree, [
    ["a", 1, "0600"],
    ["b", 2, "ON"],
    ["c", 3, "x\ty"],
    ["d", 4, "1.0"],
    ["e", 5, ""],
    ["f", 6, "null"],
    ["g", 7, "~"],
  ]);
});

Deno.test("readYaml() merges only keys that the mapping does not have", () => {
  const [tree, problems] = read(
    "x: &x\n  a: 1\n  b: 2\ny:\n  first: 0\n  <<: *x\n  b: 3\nz:\n  <<: [*x, {c: 4}]\n",
  );
  assertEquals(problems, []);
  assertEquals((tree as unknown[][])[1][2], [["first", 5, "0"], ["a", 2, "1"], ["b", 7, "3"]]);
  assertEquals((tree as unknown[][])[2][2], [["a", 2, "1"], ["b", 3, "2"], ["c", 9, "4"]]);
});

Deno.test("readYaml() follows !file, also under <<, and !env", () => {
  const files = { "more.yaml": "p: !file deep.yaml\nq: 2\n", "deep.yaml": "[1, 2]" };
  const [tree, problems] = read("a: !file more.yaml\n<<: !file more.yaml\nh: !env HOME\n", files);
  assertEquals(problems, []);
  assertEquals(tree, [
    ["a", 1, [["p", 1, ["1", "2"]], ["q", 2, "2"]]],
    ["p", 1, ["1", "2"]],
    ["q", 2, "2"],
    ["h", 3, "/home/me"],
  ]);
});

const faults: [string, string, Record<string, string>, string][] = [
  [
    "a missing file",
    "a: !file no.yaml",
    {},
    "[h2o.conf:1] !file no.yaml: cannot read it (no such file)",
  ],
  [
    "an unset variable",
    "\na: !env NOPE",
    {},
    "[h2o.conf:2] !env NOPE: the environment variable is not set",
  ],
  ["an unknown tag", "a: !x 1", {}, "[h2o.conf:1] unknown tag: !x (allowed: !file, !env)"],
  [
    "a text that looks like a tag",
    "a: ! 500-599",
    {},
    "[h2o.conf:1] unknown tag: ! (allowed: !file, !env; quote text that begins with !)",
  ],
  [
    "a file that includes itself",
    "a: !file o",
    { o: "b: !file o" },
    "[o:1] !file o: files include each other more than 16 deep",
  ],
  [
    "an alias within its own anchor",
    "a: &a\n  - *a",
    {},
    "[h2o.conf:2] alias *a refers to itself",
  ],
  ["a mapping as key", "? {a: b}\n: c", {}, "[h2o.conf:1] a key cannot be a mapping"],
  ["an unclosed quote", 'a: "b\n', {}, '[h2o.conf:2] not valid YAML: Missing closing "quote'],
];

Deno.test("readYaml() reports the line of an error", () => {
  for (const [label, text, files, expected] of faults) {
    assertEquals(read(text, files)[1].at(-1), expected, label);
  }
});

Deno.test("readYaml() stops exponential growth by aliases", () => {
  let text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n";
  for (let i = 1; i < 8; i++) text += `a${i}: &a${i} [${`*a${i - 1}, `.repeat(10)}]\n`;
  const [node, problems] = read(text);
  assertEquals([node, problems], [null, [
    "[h2o.conf:1] more than 200000 values from aliases and !file",
  ]]);
});

Deno.test("readYaml() does not limit values written in the file itself", () => {
  const [, problems] = read(`a: [${"x, ".repeat(250_000)}]\n`);
  assertEquals(problems, []);
});
