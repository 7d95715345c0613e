/** `hayate health`: one line and an exit code for a container's health check. */
import { defineTable, type Mode, readOptions, UsageError, Wrong } from "../cli/mod.ts";
import { standardSink } from "../log/mod.ts";
import { readHealthAddress } from "../probes/address.ts";
import { getVariable } from "../process/environment.ts";
import { checkHealth } from "./check.ts";

const healthTable = defineTable({
  command: "hayate health",
  summary: "asks the server of this container or host whether it is ready",
  usage: ["[ADDRESS]"],
  description: [
    "Prints one line and exits with 0 (ready) or 1 within a second; needs no shell. Made for " +
    "HEALTHCHECK of an image, and for exec probes.",
    "Without ADDRESS it asks the supervisor that is the first process of this container, through a " +
    "unix socket in /dev/shm: this works with a read-only root, and with several containers on " +
    "one host network. A container that runs no server, such as one of `load`, is healthy.",
  ],
  operands: {
    name: "ADDRESS",
    min: 0,
    max: 1,
    help: "What --health of the server says: PORT, HOST:PORT or a path.",
  },
  options: [],
  environment: [{ name: "HAYATE_HEALTH", help: "ADDRESS, if none is given." }],
  examples: [
    { run: "docker exec CONTAINER /hayate health", about: "in a container" },
    { run: "hayate health 9000", about: "a server with --health 9000" },
  ],
  exitCodes: [
    { code: 0, meaning: "ready" },
    { code: 1, meaning: "not ready, or nothing answers" },
    { code: 2, meaning: "wrong usage" },
  ],
});

export const healthMode: Mode = {
  name: "health",
  summary: healthTable.summary,
  table: healthTable,
  async run(argv): Promise<number> {
    const { operands } = readOptions(healthTable, argv);
    const given = operands[0] ?? getVariable("HAYATE_HEALTH") ?? "";
    const address = given === "" ? null : readHealthAddress(given);
    if (address instanceof Wrong) {
      throw new UsageError([
        `${operands.length > 0 ? "" : "HAYATE_HEALTH="}${given}: ${address.reason}`,
      ]);
    }
    const { ready, text } = await checkHealth(address);
    const out = standardSink("stdout");
    out.buffer.text(`${ready ? "healthy" : "unhealthy"}: ${text}\n`);
    out.endLine();
    await out.close();
    return ready ? 0 : 1;
  },
};
