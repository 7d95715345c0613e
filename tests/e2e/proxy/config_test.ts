/** Configuration files from the user's view: what is found and reported, and the exit code. */
import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { runHayate, startListening } from "../../support/binary.ts";
import { freePort, tempFolder } from "../../support/ports.ts";
import { tcp } from "../../support/raw_socket.ts";

const good = `listen: {port: 1, host: 127.0.0.1}
hosts: {default: {paths: {/: {status: ON}}}}
`;

Deno.test("hayate proxy -t reports that a valid configuration is OK", async () => {
  await using folder = await tempFolder();
  const file = await folder.write("h2o.conf", good);
  const { code, stdout, stderr } = await runHayate(["proxy", "-t", "-c", file]);
  assertEquals([code, stdout, stderr], [0, "configuration OK\n", ""]);
});

Deno.test("hayate proxy -t reports every problem with its line and exits with 78", async () => {
  await using folder = await tempFolder();
  const file = await folder.write("h2o.conf", "listen: 99999\nhots: 1\nnum-threads: [\n");
  const broken = await runHayate(["proxy", "-t", "-c", file]);
  assertEquals([broken.code, broken.stdout], [78, ""]);
  assertMatch(broken.stderr, /^hayate proxy: \[[^\]]+h2o.conf:\d\] not valid YAML: /);
  await folder.write("h2o.conf", "listen: 99999\nhots: 1\nmruby.handler: x\n");
  const wrong = await runHayate(["proxy", "-t", "-c", file]);
  assertEquals(wrong.code, 78);
  assertEquals(wrong.stderr.split("\n"), [
    `hayate proxy: [${file}:1] listen: found \`99999\`; allowed: a port from 0 to 65535, or a mapping with \`port\``,
    `hayate proxy: [${file}:2] unknown directive: hots (did you mean hosts?)`,
    `hayate proxy: [${file}:3] mruby.handler: hayate does not support this directive of h2o: it runs no Ruby`,
    "",
  ]);
});

Deno.test("hayate proxy -t names the directives that it ignores", async () => {
  await using folder = await tempFolder();
  const file = await folder.write("h2o.conf", `http2-casper: ON\ntcp-fastopen: 0\n${good}`);
  const { code, stderr } = await runHayate(["proxy", "-t", "-c", file]);
  assertEquals(code, 0);
  assertStringIncludes(
    stderr,
    `[${file}:1] http2-casper: hayate does not support this directive of h2o; it is ignored`,
  );
  assertStringIncludes(stderr, `[${file}:2] tcp-fastopen: `);
});

Deno.test("hayate proxy -t warns about missing folders and files", async () => {
  await using folder = await tempFolder();
  await Deno.mkdir(`${folder.path}/www`);
  const file = await folder.write(
    "h2o.conf",
    `listen: {port: 1, host: 127.0.0.1}
hosts:
  default:
    paths:
      /: {file.dir: ${folder.path}/www}
      /a: {file.dir: ${folder.path}/wwww}
      /b: {file.file: ${folder.path}/www}
      /c: {file.dir: ${folder.path}/h2o.conf}
`,
  );
  const { code, stdout, stderr } = await runHayate(["proxy", "-t", "-c", file]);
  assertEquals([code, stdout], [0, "configuration OK\n"]);
  assertStringIncludes(
    stderr,
    `[${file}:6] file.dir: ${folder.path}/wwww: no such folder`,
  );
  assertStringIncludes(stderr, `[${file}:7] file.file: ${folder.path}/www: is a folder`);
  assertStringIncludes(stderr, `[${file}:8] file.dir: ${folder.path}/h2o.conf: not a folder`);
  assertEquals(stderr.trimEnd().split("\n").length, 3, stderr);
});

Deno.test("hayate proxy reports a missing configuration file and exits with 78", async () => {
  const { code, stderr } = await runHayate(["proxy", "-c", "/nowhere/h2o.conf"]);
  assertEquals([code, stderr], [78, "hayate proxy: cannot read /nowhere/h2o.conf: no such file\n"]);
});

Deno.test("A port in use is an error in one clear line", async () => {
  await using folder = await tempFolder();
  const taken = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = taken.addr as Deno.NetAddr;
  const file = await folder.write("h2o.conf", good.replace("port: 1", `port: ${port}`));
  const { code, stderr } = await runHayate(["proxy", "-c", file]);
  taken.close();
  assertEquals(code !== 0, true);
  assertMatch(stderr, new RegExp(`^hayate proxy: 127.0.0.1:${port}.* in use`));
});

Deno.test("Files and variables are included", async () => {
  await using folder = await tempFolder();
  const port = freePort();
  await folder.write("paths.yaml", "/: {status: ON}\n");
  const file = await folder.write(
    "h2o.conf",
    `listen: {port: !env LISTEN_PORT, host: 127.0.0.1}\nhosts: {default: {paths: !file ${folder.path}/paths.yaml}}\n`,
  );
  const env = { LISTEN_PORT: String(port) };
  const { code, stderr } = await runHayate(["proxy", "-t", "-c", file], { env });
  assertEquals([code, stderr], [0, ""]);
});

Deno.test("listen with a port alone serves IPv4 on the portable reactor", async () => {
  await using folder = await tempFolder();
  const port = freePort();
  const file = await folder.write(
    "h2o.conf",
    good.replace("{port: 1, host: 127.0.0.1}", `${port}`),
  );
  await using child = await startListening(["proxy", "-c", file], tcp(port), {
    env: { HAYATE_REACTOR: "portable" },
  });
  await child.waitForLine("is not opened; only IPv4 is served");
});
