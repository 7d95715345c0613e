import { assertEquals, assertStringIncludes } from "@std/assert";
import { renderMan } from "../../../mod/cli/man.ts";
import { peerPath, peerTest } from "../../support/peers.ts";
import { assertSnapshot } from "../../support/snapshot.ts";
import { sampleModes } from "./sample_table.ts";

const page = renderMan(sampleModes, "1.2.3", "2026-11-23");

Deno.test("renderMan() writes a page from the tables", () => {
  assertSnapshot(import.meta.url, "hayate.1", page);
});

peerTest("groff", "renderMan() writes roff that groff formats without a warning", async () => {
  const groff = new Deno.Command(peerPath("groff"), {
    args: ["-man", "-ww", "-Tutf8", "-P-c"],
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const writer = groff.stdin.getWriter();
  await writer.write(new TextEncoder().encode(page));
  await writer.close();
  const { stdout, stderr } = await groff.output();
  assertEquals(new TextDecoder().decode(stderr), "");
  const shown = new TextDecoder().decode(stdout).replace(/.\x08/g, "");
  assertStringIncludes(shown, "-c, --connections N");
  assertStringIncludes(shown, "hayate sample -c 50 http://127.0.0.1/");
});
