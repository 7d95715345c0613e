/** `docker run --read-only --user N`: everything works without a writable folder, as any user. */
import { assert, assertEquals, assertNotMatch } from "@std/assert";
import { binaryPath, type Child, childPids } from "../../support/binary.ts";
import { inNamespace, namespaceTest } from "../../support/namespaces.ts";
import { freePort, type TempFolder, tempFolder } from "../../support/ports.ts";

/** Every file system is read-only, and the user owns nothing. A final check verifies that. */
const readOnly = `mount --bind / /; mount -o remount,ro,bind /
for place in /tmp /var/tmp /dev/shm /run; do
  [ ! -d $place ] || mount -t tmpfs -o ro none $place
done
mkdir() { return 1; }
for place in / /tmp /var/tmp /dev/shm /run; do
  ! touch $place/x 2>/dev/null || { echo "$place is writable"; exit 99; }
done
`;
const asNobody = `exec setpriv --reuid 65534 --regid 65534 --clear-groups `;

/** The program and the test's files must be visible: they are mounted where nothing hides them. */
const withFiles = `mount -t tmpfs none /mnt; touch /mnt/hayate; mkdir /mnt/site
mount --bind "$1" /mnt/hayate; mount --bind "$2" /mnt/site; mount -o remount,ro /mnt
`;

function start(command: string, folder: TempFolder, env: Record<string, string>): Child {
  // From a folder that stays: the checkout may lie below /tmp.
  const script = "cd /\n" + withFiles + readOnly + asNobody + command;
  return inNamespace(script, [binaryPath, folder.path], { env });
}

async function get(url: string, certificate = ""): Promise<string> {
  const client = certificate === "" ? null : Deno.createHttpClient({ caCerts: [certificate] });
  try {
    const response = await fetch(url, client === null ? {} : { client });
    return await response.text();
  } finally {
    client?.close();
  }
}

async function openFolder(): Promise<TempFolder> {
  const folder = await tempFolder();
  await Deno.chmod(folder.path, 0o755);
  return folder;
}

namespaceTest(
  "read-only, any user: the appliance with a self-signed certificate, HUP included",
  async () => {
    await using folder = await openFolder();
    await folder.write("docs/index.html", "the site");
    await folder.write("h2o.conf", "hosts: {default: {paths: {/: {file.dir: /mnt/site/docs}}}}\n");
    const [plain, secure] = [freePort(), freePort()];
    const env = { PORTS: `127.0.0.1:${plain} 127.0.0.1:${secure}/tls`, HOME: "" };
    const command = "/mnt/hayate supervise --start-timeout 20 proxy -c /mnt/site/h2o.conf";
    await using child = start(command, folder, env);
    for (const generation of [1, 2]) {
      await child.waitForLine(
        generation === 1 ? "supervises proxy" : /old worker \d+ died, status:0/,
      );
      assertEquals(await get(`http://127.0.0.1:${plain}/`), "the site");
      const probe = await new Deno.Command("curl", {
        args: ["-sk", `https://127.0.0.1:${secure}/`],
      }).output();
      assertEquals(new TextDecoder().decode(probe.stdout), "the site");
      if (generation === 1) child.kill("SIGHUP");
    }
    assertNotMatch(child.stderr, /read-only|permission denied/i);
  },
);

const typescript = {
  "app.ts": `import { name, type Who } from "./other.ts";
import { greet } from "./plain.js";
export const word: string = "hello";
export default { fetch: (_: Request): Response => new Response(greet(name as Who, import.meta.url)) };
`,
  // An import cycle.
  "other.ts": `import { word } from "./app.ts";
export type Who = string;
export const name: Who = "world";
export const again = () => word;
`,
  "plain.js": `export const greet = (name, url) => name + " " + url;\n`,
};

for (const workers of [1, 2]) {
  namespaceTest(`read-only, any user: a TypeScript app, serve -w ${workers}`, async () => {
    await using folder = await openFolder();
    for (const [name, text] of Object.entries(typescript)) await folder.write(name, text);
    const port = freePort();
    const command = `/mnt/hayate supervise serve -w ${workers} /mnt/site/app.ts`;
    await using child = start(command, folder, { PORTS: `127.0.0.1:${port}` });
    await child.waitForLine("supervises serve");
    assertEquals(await get(`http://127.0.0.1:${port}/`), "world file:///mnt/site/app.ts");
    child.kill("SIGHUP");
    await child.waitForLine(/old worker \d+ died, status:0/);
    assertEquals(await get(`http://127.0.0.1:${port}/`), "world file:///mnt/site/app.ts");
  });
}

/** The names of the certificate that is served for `name`. */
async function namesServed(port: number, name: string): Promise<string> {
  const script = `openssl s_client -connect 127.0.0.1:${port} -servername ${name} </dev/null ` +
    "2>/dev/null | openssl x509 -noout -ext subjectAltName";
  const { stdout } = await new Deno.Command("sh", { args: ["-c", script] }).output();
  return new TextDecoder().decode(stdout);
}

const acmeEnv = { TLS_DOMAIN: "a.example b.example", ACME_DIRECTORY: "http://127.0.0.1:1/dir" };
const acmeConfig = (port: number, workers: number) =>
  `acme: {accept-tos: YES, directory: "http://127.0.0.1:1/dir", tls-port: ${port}}
num-threads: ${workers}
listen: {host: 127.0.0.1, port: ${port}, ssl: {}}
hosts:
  a.example: {paths: {/: {status: ON}}}
  b.example: {paths: {/: {status: ON}}}
`;

/** `workers`: of the configuration file; 0: the environment says everything. */
const standIns: readonly (readonly [command: string, workers: number, reloaded: RegExp | null])[] =
  [
    ["proxy -c /mnt/site/h2o.conf", 1, /the new configuration is in force/],
    ["proxy -c /mnt/site/h2o.conf", 2, /the new configuration is in force/],
    ["supervise proxy", 0, /old worker \d+ died, status:0/],
    ["serve -w 1 --text hi", 0, null],
    ["serve -w 2 --text hi", 0, null],
    ["supervise serve -w 2 --text hi", 0, /old worker \d+ died, status:0/],
  ];

for (const [command, workers, reloaded] of standIns) {
  const what = `${command}${workers > 0 ? `, num-threads ${workers}` : ""}`;
  namespaceTest(`no place for certificates: a self-signed one and one error: ${what}`, async () => {
    await using folder = await openFolder();
    const port = freePort();
    if (workers > 0) await folder.write("h2o.conf", acmeConfig(port, workers));
    const env = workers > 0 ? {} : { ...acmeEnv, PORTS: `127.0.0.1:${port}/tls` };
    await using child = start(`/mnt/hayate ${command}`, folder, env);
    await child.waitForLine(/\[error\] acme: cannot write .*no certificate is ordered/);
    await child.waitForLine(/listening on|supervises (proxy|serve)/);
    for (const isReloaded of reloaded === null ? [false] : [false, true]) {
      if (isReloaded) {
        child.kill("SIGHUP");
        await child.waitForLine(reloaded!);
      }
      for (const name of ["a.example", "b.example"]) {
        const names = await namesServed(port, name);
        assert(names.includes("DNS:a.example, DNS:b.example"), `${names}\n${child.stderr}`);
      }
      if (!isReloaded) assertEquals(child.stderr.match(/\[error\]/g)?.length, 1, child.stderr);
    }
  });
}

namespaceTest("read-only, any user: errors of a TypeScript app name its own files", async () => {
  await using folder = await openFolder();
  await folder.write(
    "app.ts",
    `export default {\n  fetch(): Response {\n    throw new Error("no");\n  },\n};\n`,
  );
  const port = freePort();
  const command = `/mnt/hayate serve -w 1 --port 127.0.0.1:${port} /mnt/site/app.ts`;
  await using child = start(command, folder, {});
  await child.waitForLine("listening on");
  await get(`http://127.0.0.1:${port}/`);
  await child.waitForLine("/mnt/site/app.ts:3:");
  assert(!child.stderr.includes("/proc/self/fd"), child.stderr);
});

namespaceTest("read-only, any user: load with a TypeScript script", async () => {
  await using folder = await openFolder();
  await folder.write(
    "script.ts",
    `import { path } from "./path.ts";\nexport const request = (): { path: string } => ({ path });\n`,
  );
  await folder.write("path.ts", `export const path: string = "/x";\n`);
  const port = freePort();
  await using server = start(
    `/mnt/hayate serve -w 1 --port 127.0.0.1:${port} --text ok`,
    folder,
    {},
  );
  await server.waitForLine("listening on");
  const command = `/mnt/hayate load -c 1 -d 1s -s /mnt/site/script.ts http://127.0.0.1:${port}/`;
  await using load = start(command, folder, {});
  const { code, stderr, stdout } = await load.result();
  assertEquals(code, 0, stderr + stdout);
});

namespaceTest("read-only: large request bodies are kept in memory", async () => {
  await using folder = await openFolder();
  const port = freePort();
  const origin = Deno.serve(
    { port: 0, hostname: "127.0.0.1", onListen: () => {} },
    async (request) => {
      return new Response(String((await request.arrayBuffer()).byteLength));
    },
  );
  await folder.write(
    "h2o.conf",
    `upstreams:
  origin:
    servers:
      - 127.0.0.1:${origin.addr.port}
    request_buffer: memory=16k file=64m
hosts: {default: {paths: {/: {proxy.reverse.url: "http://origin/"}}}}
listen: {host: 127.0.0.1, port: ${port}}
`,
  );
  try {
    await using child = start("/mnt/hayate proxy -c /mnt/site/h2o.conf", folder, {});
    await child.waitForSocket({ kind: "tcp", host: "127.0.0.1", port });
    const body = new Uint8Array(3_000_000);
    const response = await fetch(`http://127.0.0.1:${port}/`, { method: "POST", body });
    assertEquals([response.status, await response.text()], [200, "3000000"]);
  } finally {
    await origin.shutdown();
  }
});

Deno.test("workers have a higher oom_score_adj than the process that replaces them", async () => {
  const port = freePort();
  const score = (pid: number) => Number(Deno.readTextFileSync(`/proc/${pid}/oom_score_adj`));
  for (const start of ["0", "300", "1000"]) {
    const script = `echo ${start} > /proc/self/oom_score_adj; ` +
      `exec "$0" supervise serve -w 2 --text x`;
    await using stack = new AsyncDisposableStack();
    const { Child } = await import("../../support/binary.ts");
    const child = stack.use(
      new Child("sh", ["-c", script, binaryPath], { env: { PORTS: `127.0.0.1:${port}` } }),
    );
    await child.waitForLine("supervises serve");
    const [master] = childPids(child.pid);
    const workers = childPids(master);
    const [top, middle, low] = [child.pid, master, workers[0]].map(score);
    assertEquals(top, Number(start));
    if (start === "1000") assertEquals([middle, low], [1000, 1000]);
    else assert(top < middle && middle < low && low <= 1000, `${top} ${middle} ${low}`);
  }
});

namespaceTest("a read-only /proc is tolerated", async () => {
  const port = freePort();
  const script = `mount --bind /proc /proc; mount -o remount,ro,bind /proc
exec "$1" supervise serve -w 2 --text x`;
  await using child = inNamespace(script, [binaryPath], { env: { PORTS: `127.0.0.1:${port}` } });
  await child.waitForLine("supervises serve");
  assertEquals(await get(`http://127.0.0.1:${port}/`), "x");
  assertEquals(child.stderr.match(/oom/g), null);
});
