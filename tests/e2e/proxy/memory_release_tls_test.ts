/** The proxy releases the memory that a flood of TLS connections has used. */
import { assert } from "@std/assert";
import { runProgram } from "../../support/binary.ts";
import { checkRelease } from "../../support/memory_flood.ts";
import { peerTest } from "../../support/peers.ts";
import { tempFolder } from "../../support/ports.ts";
import { TestProxy } from "../../support/proxy.ts";

const bigFileBytes = 256 * 2 ** 20;

peerTest(["openssl"], "memory of TLS connections is released", async () => {
  await using folder = await tempFolder();
  const [crt, key] = [`${folder.path}/crt`, `${folder.path}/key`];
  const made = await runProgram("openssl", [
    ...["req", "-x509", "-nodes", "-days", "2", "-subj", "/CN=h"],
    ...["-addext", "subjectAltName=IP:127.0.0.1", "-addext", "basicConstraints=CA:FALSE"],
    ...["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-keyout", key, "-out", crt],
  ]);
  assert(made.code === 0, made.stderr);
  await using proxy = await TestProxy.start(
    `listen: {port: PORT, host: 127.0.0.1, ssl: {certificate-file: ${crt}, key-file: ${key}}}
hosts:
  default:
    paths:
      /: {file.dir: DIR}
`,
  );
  await proxy.folder.write("big", "");
  await Deno.truncate(`${proxy.folder.path}/big`, bigFileBytes);
  const { port } = proxy.address as { port: number };
  const caCerts = [await Deno.readTextFile(crt)];
  await checkRelease({
    child: proxy.child,
    connect: () => Deno.connectTls({ hostname: "127.0.0.1", port, caCerts }),
    port,
    slowPaths: ["/big"],
    resetPath: "/",
  });
});
