import { assertEquals, assertMatch, assertRejects } from "@std/assert";
import { hostCpu } from "../../../scripts/denort.ts";
import { emulatorFor } from "../../../scripts/releasing/emulator.ts";
import { tryProgram } from "../../../scripts/releasing/try_program.ts";
import { renderBill } from "../../../scripts/releasing/bill_of_materials.ts";
import { billFaults } from "../../../scripts/releasing/validate_bill.ts";
import { binaryPath, root } from "../../support/binary.ts";
import { tempFolder } from "../../support/ports.ts";

Deno.test("tryProgram() runs the binary of this CPU on both reactors", async () => {
  assertEquals(
    await tryProgram(binaryPath, hostCpu()),
    "ran here: --version, serve and load on both reactors",
  );
});

Deno.test("emulatorFor() says what runs the programs of a CPU, or what is missing", async () => {
  assertEquals(await emulatorFor(hostCpu()), []);
  const other = await emulatorFor(hostCpu() === "x64" ? "arm64" : "x64");
  if (typeof other === "string") assertMatch(other, /^\S+ is missing \(apt-get install .+\)$/);
  else assertMatch(other.join(" "), /^qemu-\S+ -L \S+$/);
});

Deno.test("tryProgram() throws for a binary that does not work", async () => {
  await using folder = await tempFolder();
  const path = await folder.write("hayate", "#!/bin/sh\necho 'no such thing' >&2\nexit 1\n");
  await Deno.chmod(path, 0o755);
  await assertRejects(() => tryProgram(path, hostCpu()), Error, "--version: no such thing");
  await Deno.writeTextFile(path, "#!/bin/sh\necho hayate 0.0.1\n");
  await assertRejects(() => tryProgram(path, hostCpu()), Error, "--version says hayate 0.0.1");
});

Deno.test("renderBill() is valid by CycloneDX's own schema, and a broken one is not", async () => {
  const bill = renderBill({
    version: "1.2.3",
    date: new Date(0),
    commit: "abc",
    lock: await Deno.readTextFile(`${root}/deno.lock`),
    denoVersion: "2.7.11",
    v8Version: "14.7",
    binaries: { "hayate-1.2.3-linux-x86_64": "00ff" },
  });
  assertEquals(await billFaults(bill), []);
  const broken = JSON.parse(bill);
  broken.components[0].type = "gadget";
  delete broken.components[1].name;
  const faults = await billFaults(JSON.stringify(broken));
  assertEquals(faults.map((fault) => fault.split(":")[0]), ["/components/0/type", "/components/1"]);
});
