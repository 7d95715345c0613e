/**
 * The units of scripts/systemd. systemd is not the first process here, so its own tools stand in:
 * `systemd-analyze verify` reads the units, and systemd-socket-activate starts what they say.
 */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { bindInheritable } from "../../../mod/net/inheritable.ts";
import { spawn } from "../../../mod/process/children/spawn.ts";
import { allVariables } from "../../../mod/process/environment.ts";
import { libc } from "../../../mod/sys/libc.ts";
import { binaryPath, root, runProgram, sleep, trySignal } from "../../support/binary.ts";
import { startSteadyLoad } from "../../support/load.ts";
import { peerPath, peerTest } from "../../support/peers.ts";
import { freePort, type TempFolder, tempFolder } from "../../support/ports.ts";

const units = ["hayate.service", "hayate.socket"];

peerTest("systemd-analyze", "systemd accepts both units, and not a broken one", async () => {
  await using folder = await tempFolder();
  const files = [];
  for (const unit of units) {
    files.push(await folder.write(unit, inPlace(await readUnit(unit), folder)));
  }
  assertEquals(await verify(files), "");
  const text = await Deno.readTextFile(files[0]);
  const broken = text.replace("KillMode=", "KilMode=").replace("=on-failure", "=sometimes");
  const found = await verify([await folder.write("broken.service", broken)]);
  assertMatch(found, /Unknown key (name )?'KilMode'/);
  assertMatch(found, /restart specifier.*sometimes/);
});

peerTest(
  ["systemd-socket-activate", "curl"],
  "the units reload, stop and start again without refusing a connection",
  async () => {
    await using folder = await tempFolder();
    const port = freePort();
    const service = await readService(folder, port);
    // As systemd does for the .socket unit, the test keeps the sockets while nothing serves.
    const sockets = ["0.0.0.0", "::"].map((host) =>
      bindInheritable({ kind: "tcp", host, port }, { backlog: 1024 })
    );
    let running: Service | null = null;
    try {
      running = service.start(sockets);
      // Its first connection starts the service.
      await using load = startSteadyLoad(`http://127.0.0.1:${port}/`, "--no-keepalive");
      await using loadIpv6 = startSteadyLoad(`http://[::1]:${port}/`, "--no-keepalive");
      await service.served(port, "one");
      await folder.write("h2o.conf", site(port, "two"));
      await service.reload();
      await service.served(port, "two");
      assertEquals(await running.stop(), 0);
      running = null;
      await folder.write("h2o.conf", site(port, "three"));
      running = service.start(sockets);
      await service.served(port, "three");
      await load.end();
      await loadIpv6.end();
    } finally {
      await running?.stop();
      for (const socket of sockets) libc.close(socket);
    }
  },
);

interface Service {
  /** TERM to the first process alone (KillMode=mixed); its exit code. */
  stop(): Promise<number>;
}

/** What hayate.service says, with paths of `folder` and another port. */
async function readService(folder: TempFolder, port: number) {
  const unit = inPlace(await readUnit("hayate.service"), folder);
  const values = (key: string) =>
    [...unit.matchAll(new RegExp(`^${key}="?(.*?)"?$`, "gm"))].map((match) => match[1]);
  const environment = values("Environment").map((entry) =>
    entry.replace("PORTS=80 443", `PORTS=${port}`)
  );
  const [start, reload] = ["ExecStart", "ExecReload"].map((key) => values(key)[0].split(" "));
  assert(environment.includes(`PORTS=${port}`), "expected PORTS in the unit");
  await folder.write("h2o.conf", site(port, "one"));
  return {
    start(sockets: readonly number[]): Service {
      // LISTEN_PID is the process that becomes systemd-socket-activate, which passes the sockets on.
      const log = `${folder.path}/log`;
      const script = `LISTEN_PID=$$ LISTEN_FDS=${sockets.length} exec "$@" 2>>${log}`;
      const flags = environment.map((entry) => `--setenv=${entry}`);
      const activate = [peerPath("systemd-socket-activate"), ...flags, ...start];
      const child = spawn({
        command: ["sh", "-c", script, "sh", ...activate],
        environment: allVariables(),
        descriptors: sockets.map((ours, index) => ({ ours, number: 3 + index })),
      });
      if (child.pid === null) throw new Error(child.reason);
      const { pid, exited } = child;
      return {
        async stop() {
          trySignal(pid, "SIGTERM");
          return await exited;
        },
      };
    },
    async reload() {
      const { code, stdout, stderr } = await runProgram(reload[0], reload.slice(1));
      assertEquals(code, 0, stdout + stderr);
    },
    /** Waits for the answer of that release. */
    async served(port: number, release: string) {
      let body = "";
      for (let attempts = 0; attempts < 100 && !body.includes(release); attempts++) {
        await sleep(100);
        body = (await runProgram("curl", ["-si", "-m", "5", `http://127.0.0.1:${port}/`])).stdout;
      }
      assert(
        body.includes(release),
        `${release}: ${body} ${await Deno.readTextFile(`${folder.path}/log`)}`,
      );
    },
  };
}

async function readUnit(name: string): Promise<string> {
  return await Deno.readTextFile(`${root}/scripts/systemd/${name}`);
}

/** The unit with the program under test, and the folder in place of system folders. */
function inPlace(unit: string, folder: TempFolder): string {
  return unit.replaceAll("/usr/local/bin/hayate", binaryPath)
    .replaceAll("/run/hayate/", `${folder.path}/`).replaceAll("/etc/hayate/", `${folder.path}/`);
}

/** Lines about these units: systemd-analyze also reports faults of the machine's own units. */
async function verify(files: readonly string[]): Promise<string> {
  const { stdout, stderr } = await runProgram("systemd-analyze", ["verify", "--man=no", ...files]);
  const names = files.map((file) => file.slice(file.lastIndexOf("/") + 1));
  return (stdout + stderr).split("\n")
    .filter((line) => names.some((name) => line.includes(name))).join("\n");
}

function site(port: number, release: string): string {
  return `listen: ${port}
hosts:
  default:
    paths:
      /:
        redirect: http://${release}.example/
`;
}
