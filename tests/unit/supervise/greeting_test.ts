import { assertEquals } from "@std/assert";
import type { Container } from "../../../mod/process/container.ts";
import { greeting, stopTimeWarning } from "../../../mod/supervise/greeting.ts";
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

Deno.test("stopTimeWarning() says when the engine would kill before the stop is over", () => {
  const warning = (runtime: Container["runtime"], ...flags: string[]) => {
    const read = readSupervisePlan([...flags, "--port", "80", "proxy"], {}, "hayate");
    if (read.kind !== "run") throw new Error(`a ${read.kind} plan`);
    return stopTimeWarning(read, { runtime, name: null });
  };
  assertEquals(warning("docker"), null);
  assertEquals(warning("docker", "--shutdown-delay", "4", "--drain-timeout", "6"), null);
  assertEquals(
    warning("docker", "--shutdown-delay", "5", "--drain-timeout", "6"),
    "a stop may take 11 s (shutdown delay and drain timeout), but the engine kills after 10 s " +
      "unless it is told otherwise: --stop-timeout 11",
  );
  assertEquals(warning("kubernetes", "--shutdown-delay", "30"), null);
  assertEquals(
    warning("kubernetes", "--shutdown-delay", "31")?.split(": ")[1],
    "terminationGracePeriodSeconds",
  );
});
