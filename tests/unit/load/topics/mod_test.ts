import { assert, assertEquals } from "@std/assert";
import { failureKinds } from "../../../../mod/load/plan/failure.ts";
import { jsonText } from "../../../../mod/load/topics/json.ts";
import { loadTopics } from "../../../../mod/load/topics/mod.ts";

Deno.test("help load json names every property of the report's interfaces", async () => {
  const read = (name: string) =>
    Deno.readTextFile(new URL(`../../../../mod/load/report/json/${name}.ts`, import.meta.url));
  const sources = [
    "report_json",
    "time_json",
    "phases_json",
    "event_streams_json",
    "web_sockets_json",
    "amount_json",
    "search_json",
    "machine_json",
  ];
  const source = (await Promise.all(sources.map(read))).join("\n");
  const names = [...source.matchAll(/^\s+readonly (\w+):/gm)].map((match) => match[1] as string);
  assert(names.length > 50);
  const words = new Set(jsonText.split(/[^A-Za-z0-9]+/));
  assertEquals(names.filter((name) => !words.has(name)), []);
});

Deno.test("help load output names every kind of failure", () => {
  const text = loadTopics.find((topic) => topic.name === "output")?.text ?? "";
  for (const kind of failureKinds) assert(new RegExp(`^  ${kind} `, "m").test(text), kind);
});

Deno.test("help load models has figures for the differences from wrk", () => {
  const text = loadTopics.find((topic) => topic.name === "models")?.text ?? "";
  for (const row of ["truth", "wrk -c 10", "hayate load -c 10", "hayate load -R 1000"]) {
    assert(new RegExp(`^  ${row} +\\S.* ms$`, "m").test(text), row);
  }
  for (const line of text.split("\n")) assert(line.length <= 84, line);
});
