import { assertEquals } from "@std/assert";
import { placeFindings } from "../../../../scripts/checks/places.ts";

const e2eRule = "end-to-end tests are in tests/e2e/ in one of " +
  "load, serve, supervise, proxy, doctor, modes, cli, scripts";

Deno.test("placeFindings() wants each end-to-end test in a folder of its mode", () => {
  const fine = ["tests/e2e/load/a_test.ts", "tests/e2e/modes/a_test.ts", "tests/e2e/proxy/pair.ts"];
  const stray = ["tests/e2e/a_test.ts", "tests/e2e/http/a_test.ts", "tests/e2e/load/b/a_test.ts"];
  assertEquals(
    placeFindings([...fine, ...stray]),
    stray.map((path) => `${path}: ${e2eRule}`),
  );
});

Deno.test("placeFindings() wants unit tests to mirror their sources", () => {
  const sources = ["mod/a/core.ts", "scripts/up", "scripts/x.sh", "tests/support/y.ts", ".ci/run"];
  const fine = [
    ...["a/core", "a/core_every_order", "scripts/up", "scripts/x", "support/y", "ci/run"],
  ].map((name) => `tests/unit/${name}_test.ts`);
  assertEquals(placeFindings([...sources, ...fine]), []);
  assertEquals(placeFindings([...sources, "tests/unit/a/corner_test.ts", "tests/unit/a/x.ts"]), [
    "tests/unit/a/corner_test.ts: mirrors no source: there is no mod/a/corner.ts",
  ]);
});
