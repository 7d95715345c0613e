/** 421: a request on a connection whose certificate or client CA is not that of its host. */
import { assertEquals } from "@std/assert";
import { libssl } from "../../../mod/sys/libssl.ts";
import { writeSelfSigned } from "../../../mod/tls/self_signed.ts";
import { runProgram } from "../../support/binary.ts";
import { peerPath, peerTest } from "../../support/peers.ts";
import { freePort, tempFolder } from "../../support/ports.ts";
import { TestProxy } from "../../support/proxy.ts";
import { backends } from "../../support/serve.ts";

// Loaded here, so that a library that stays open does not count as a leak of a single test.
libssl();

/** The name that the client asks for ("" for none), the host of the request, and the status. */
const rows: readonly (readonly [serverName: string, host: string, status: string])[] = [
  ["a.test", "a.test", "200"],
  ["a.test", "b.test", "421"],
  ["b.test", "b.test", "200"],
  ["b.test", "a.test", "421"],
  ["a.test", "staff.test", "421"],
  ["", "a.test", "200"],
  ["", "b.test", "421"],
  ["", "staff.test", "421"],
  ["", "unknown.test", "200"],
];

for (const backend of backends) {
  peerTest("curl", `a host of another certificate or client CA is a 421 (${backend})`, async () => {
    await using folder = await tempFolder();
    const pair = (name: string) => {
      const [crt, key] = [`${folder.path}/${name}.crt`, `${folder.path}/${name}.key`];
      writeSelfSigned([`${name}.test`], crt, key);
      return `certificate-file: ${crt}, key-file: ${key}`;
    };
    const [a, b] = [pair("a"), pair("b")];
    const staff = `${a}, client-ca-file: ${folder.path}/b.crt`;
    const page = "paths: {/: {status: ON}}";
    await using proxy = await TestProxy.start(
      `hosts:
  a.test: {listen: {port: PORT, host: 127.0.0.1, ssl: {${a}}}, ${page}}
  b.test: {listen: {port: PORT, host: 127.0.0.1, ssl: {${b}}}, ${page}}
  staff.test: {listen: {port: ${freePort()}, host: 127.0.0.1, ssl: {${staff}}}, ${page}}
`,
      { env: { HAYATE_REACTOR: backend } },
    );
    const { port } = proxy.address as { port: number };
    for (const version of ["--http1.1", "--http2"]) {
      for (const [serverName, host, status] of rows) {
        const target = serverName === "" ? "127.0.0.1" : serverName;
        const { stdout } = await runProgram(peerPath("curl"), [
          ...["-sk", version, "--resolve", `*:${port}:127.0.0.1`, "-o", "/dev/null"],
          ...["-w", "%{http_version} %{http_code}", "-H", `Host: ${host}:${port}`],
          `https://${target}:${port}/`,
        ]);
        const wanted = `${version === "--http2" ? "2" : "1.1"} ${status}`;
        assertEquals(stdout, wanted, `${serverName || "no name"}, ${host}`);
      }
    }
  });
}
