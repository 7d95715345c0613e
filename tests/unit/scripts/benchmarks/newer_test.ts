import { assertEquals } from "@std/assert";
import { tlsServe } from "../../../../scripts/benchmarks/comparisons/tls_serve.ts";
import { proxy } from "../../../../scripts/benchmarks/comparisons/proxy.ts";
import { comparedWithNewer } from "../../../../scripts/benchmarks/newer.ts";
import { findProgram, useNewerPeers } from "../../../../scripts/benchmarks/programs.ts";
import { tempFolder } from "../../../support/ports.ts";

Deno.test("comparedWithNewer() puts a newer peer behind the installed one, and aside for TLS", async () => {
  assertEquals(comparedWithNewer(proxy).contenders.length, proxy.contenders.length);
  await using folder = await tempFolder();
  const nginx = await folder.write("programs/nginx", "#!/bin/sh\n", 0o755);
  useNewerPeers(folder.path);
  const shown = comparedWithNewer(proxy).contenders.map(({ name, program, isAside }) => [
    name,
    program,
    isAside ?? false,
  ]);
  assertEquals(shown.filter(([name]) => String(name).startsWith("nginx")), [
    ["nginx proxy", "nginx", false],
    ["nginx proxy, newer", nginx, false],
  ]);
  assertEquals(shown.length, proxy.contenders.length + 1);
  assertEquals(findProgram(nginx), nginx);
  const [, , last] = comparedWithNewer(tlsServe).contenders;
  assertEquals([last.name, last.isAside], ["nginx return 200, newer", true]);
});
