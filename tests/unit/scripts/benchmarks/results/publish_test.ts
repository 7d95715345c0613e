import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import type { Comparison } from "../../../../../scripts/benchmarks/comparison.ts";
import { publish } from "../../../../../scripts/benchmarks/results/publish.ts";
import { tempFolder } from "../../../../support/ports.ts";
import { growthRecord, serveRecord } from "./records.ts";

/** Only their names and ranks matter here. */
const comparisons = [
  { name: "serve", isCore: true },
  { name: "grow-body", isCore: false },
] as unknown as readonly Comparison[];

Deno.test("publish() replaces its comparison's rows and leaves the others and the rest", async () => {
  await using folder = await tempFolder();
  const page = await folder.write(
    "RESULTS.md",
    "# Old\n\nold rows\n\n## Soak\n\nsoaked for long\n",
  );
  await publish(folder.path, comparisons, serveRecord);
  await publish(folder.path, comparisons, growthRecord);
  const text = await Deno.readTextFile(page);
  assert(!text.includes("old rows"));
  for (const part of ["soaked for long", "tcp, 600 connections", "pictures/grow-body.svg"]) {
    assertEquals(text.split(part).length, 2, part);
  }
  const picture = await Deno.readTextFile(`${folder.path}/pictures/grow-body.svg`);
  assert(picture.startsWith("<svg "));
  // All of its rows have failed: what was known stays.
  await publish(folder.path, comparisons, { ...serveRecord, rows: [] });
  assertEquals(await Deno.readTextFile(page), text);
  await publish(folder.path, comparisons, { ...serveRecord, runs: 7 });
  assertStringIncludes(await Deno.readTextFile(page), "7 runs of 2 s each");
});

Deno.test("publish() makes the first page", async () => {
  await using folder = await tempFolder();
  await publish(folder.path, comparisons, serveRecord);
  const text = await Deno.readTextFile(`${folder.path}/RESULTS.md`);
  assert(text.startsWith("# Records\n") && !text.includes("## Soak"));
});
