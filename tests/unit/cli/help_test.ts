import { assert } from "@std/assert";
import { renderHelp } from "../../../mod/cli/mod.ts";
import { wrap } from "../../../mod/cli/help.ts";
import { assertSnapshot } from "../../support/snapshot.ts";
import { sample } from "./sample_table.ts";

Deno.test("renderHelp() aligns and wraps flags under their headings", () => {
  assertSnapshot(import.meta.url, "help.txt", renderHelp(sample));
});

Deno.test("renderHelp() stays within 96 columns", () => {
  for (const line of renderHelp(sample).split("\n")) assert(line.length <= 96, line);
});

Deno.test("wrap() does not break a word that is longer than the line", () => {
  assert(wrap("a verylongword b", 6).includes("verylongword"));
});
