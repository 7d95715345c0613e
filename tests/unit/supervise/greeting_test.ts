import { assertEquals } from "@std/assert";
import type { Container } from "../../../mod/process/container.ts";
import { greeting } from "../../../mod/supervise/greeting.ts";
import { readSupervisePlan } from "../../../mod/supervise/plan/options.ts";

Deno.test("greeting() in a container has the commands to type outside of it", () => {
  const read = readSupervisePlan(["--port", "80", "proxy"], {}, "hayate");
  if (read.kind !== "run") throw new Error(`a ${read.kind} plan`);
  const lines = (container: Container | null) => greeting(read, 1, "/hayate", "1.0", container);
  assertEquals(lines(null)[1], "  reload  kill -HUP 1");
  assertEquals(
    lines({ runtime: "docker", name: null })[1],
    "  reload  docker kill --signal=HUP NAME",
  );
  assertEquals(
    lines({ runtime: "podman", name: "0123456789ab" }).at(-1),
    "  stop    Ctrl-C, or podman stop 0123456789ab",
  );
});
