/** `ssl-offload`: h2o's words and `AUTO`. */
import { assertEquals } from "@std/assert";
import { buildPlan } from "../../../../mod/proxy/directives/build.ts";

const source = { readText: () => "", environment: () => null };

function build(lines: string, hostLines = "") {
  const text = `listen: 80
${lines}
hosts: {default: {${hostLines} paths: {/: {status: ON}}}}
`;
  const { plan, problems } = buildPlan(text, "f", source, { needsListen: true });
  return { mode: plan?.global.tlsOffload, notices: plan?.notices ?? [], problems };
}

const vectors: readonly [value: string, mode: "off" | "kernel" | "auto"][] = [
  ["OFF", "off"],
  ["off", "off"],
  ["kernel", "kernel"],
  ["Kernel", "kernel"],
  ["AUTO", "auto"],
  ["auto", "auto"],
];

for (const [value, mode] of vectors) {
  Deno.test(`ssl-offload: ${value}`, () => {
    assertEquals(build(`ssl-offload: ${value}`), { mode, notices: [], problems: [] });
  });
}

Deno.test("Without ssl-offload OpenSSL encrypts, as in h2o", () => {
  assertEquals(build("").mode, "off");
});

Deno.test("ssl-offload: zerocopy is a notice", () => {
  const { mode, notices, problems } = build("ssl-offload: zerocopy");
  assertEquals([mode, problems], ["off", []]);
  assertEquals(notices, ["[f:2] ssl-offload: hayate ignores zerocopy, which is OFF here"]);
});

const wrong: readonly [lines: string, hostLines: string, message: string][] = [
  [
    "ssl-offload: ON",
    "",
    "[f:2] ssl-offload: found `ON`; allowed: off, kernel, auto, zerocopy",
  ],
  [
    "ssl-offload: [kernel]",
    "",
    "[f:2] ssl-offload: the value cannot be a sequence; allowed: off, kernel, auto, zerocopy",
  ],
  [
    "",
    "ssl-offload: kernel,",
    "[f:3] ssl-offload: the directive cannot be used at this level (found at host level; allowed: global)",
  ],
];

for (const [lines, hostLines, message] of wrong) {
  Deno.test(`Refused: ${lines}${hostLines}`, () => {
    const { problems } = build(lines, hostLines);
    assertEquals(problems, [message]);
  });
}
