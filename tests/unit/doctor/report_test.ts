import { assert, assertEquals } from "@std/assert";
import { judgedModes } from "../../../mod/doctor/finding.ts";
import { judge } from "../../../mod/doctor/judge.ts";
import { renderJson, renderText } from "../../../mod/doctor/report.ts";
import { goodHost } from "./good_host.ts";

const facts = { ...goodHost, somaxconn: 128, tcpTwReuse: 2 };
const findings = judge(facts, judgedModes);

Deno.test("renderText() names for each mode what bites, then the commands", () => {
  const lines = renderText(facts, findings, judgedModes).split("\n");
  assertEquals(lines.slice(0, 6), [
    "This host: 4 CPUs, 7.5 GiB of memory, 1048576 open files",
    "  load       nothing bites",
    "  serve      bitten by somaxconn",
    "  supervise  bitten by somaxconn",
    "  proxy      bitten by somaxconn",
    "",
  ]);
  assert(lines.includes("      $ sysctl -w net.core.somaxconn=16384"));
  assert(lines.includes("note  tcp-tw-reuse (load, proxy)"));
  assertEquals(lines.filter((line) => line.length > 80), []);
});

Deno.test("renderJson() holds facts and findings, and ok only when nothing bites", () => {
  const document = JSON.parse(renderJson(facts, findings));
  assertEquals([document.schema, document.ok], ["hayate-doctor/1", false]);
  assertEquals(document.facts.somaxconn, 128);
  assertEquals(document.findings.map((each: { name: string }) => each.name), [
    "somaxconn",
    "tcp-tw-reuse",
  ]);
  assertEquals(JSON.parse(renderJson(facts, findings.slice(1))).ok, true);
});
