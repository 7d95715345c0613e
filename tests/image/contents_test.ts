/** The contents of the image and the settings that `docker run` uses. */
import { assertEquals } from "@std/assert";
import { runProgram } from "../support/binary.ts";
import { imageLauncher } from "../support/launcher.ts";
import { peerTest } from "../support/peers.ts";
import { freePort, tempFolder } from "../support/ports.ts";
import { rawExchange, tcp } from "../support/raw_socket.ts";

const engine = Deno.env.get("HAYATE_ENGINE") ?? "buildah";
const image = Deno.env.get("HAYATE_IMAGE") ?? "hayate";
const launcher = imageLauncher(engine, image);

interface Config {
  Entrypoint: string[];
  Cmd: string[];
  Env: string[];
  ExposedPorts: Record<string, unknown>;
  Labels: Record<string, string>;
  StopSignal: string;
  Healthcheck: { Test: string[] };
}

/** The image's settings, in Docker's form. */
async function readConfig(): Promise<Config> {
  const inspected = JSON.parse(await run(["inspect", "--type", "image", image]));
  return engine === "docker" ? inspected[0].Config : inspected.Docker.config;
}

peerTest(engine, "the image runs `supervise proxy` with a second of overlap", async () => {
  const { Entrypoint, Cmd, Env } = await readConfig();
  assertEquals(Entrypoint, ["/hayate", "supervise"]);
  assertEquals(Cmd, ["proxy"]);
  assertEquals(Env.filter((entry) => entry.startsWith("KILL_OLD_DELAY")), ["KILL_OLD_DELAY=1"]);
});

peerTest(engine, "the image says how it is probed, stopped and reached", async () => {
  const { ExposedPorts, Labels, StopSignal, Healthcheck } = await readConfig();
  assertEquals(Healthcheck.Test, ["CMD", "/hayate", "health"]);
  assertEquals(Object.keys(ExposedPorts).sort(), ["443/tcp", "80/tcp"]);
  assertEquals(StopSignal, "SIGTERM");
  assertEquals(Labels["org.opencontainers.image.title"], "hayate");
  assertEquals(Labels["org.opencontainers.image.licenses"], "MIT");
});

peerTest(engine, "the image holds the program, its libraries and nothing else", async () => {
  const files = await listFiles();
  const others = files.filter((path) => !/^\/lib(64)?\/.*\.so(\.\d+)*$/.test(path));
  assertEquals(others, [
    "/etc/group",
    "/etc/nsswitch.conf",
    "/etc/passwd",
    "/etc/ssl/certs/ca-certificates.crt",
    "/hayate",
  ]);
  const names = files.map((path) => path.slice(path.lastIndexOf("/") + 1));
  for (const name of ["libc.so.6", "libssl.so.3", "libcrypto.so.3", "libnss_dns.so.2"]) {
    assertEquals(names.filter((found) => found === name), [name]);
  }
});

for (const place of ["/etc/hayate", "/h2o"]) {
  peerTest(engine, `the image reads ${place}/h2o.conf where it is mounted`, async () => {
    await using folder = await tempFolder();
    const port = freePort();
    await folder.write(
      "etc/h2o.conf",
      `listen:
  port: ${port}
  host: 0.0.0.0
hosts:
  default:
    paths:
      /:
        redirect: http://elsewhere.example/
`,
    );
    await using launched = await launcher.start({
      folder: folder.path,
      args: ["supervise", "proxy"],
      env: { PORTS: `${port}` },
      configPlace: place,
    });
    await launched.child.waitForSocket(tcp(port));
    const answer = await rawExchange(tcp(port), "GET /x HTTP/1.0\r\nHost: a\r\n\r\n", {
      idleMs: 10_000,
    });
    assertEquals(
      answer.match(/^location: .*$/im)?.[0].toLowerCase().trim(),
      "location: http://elsewhere.example/x",
    );
  });
}

/** Files of the image as full paths, sorted; without those that the engine mounts over it. */
async function listFiles(): Promise<string[]> {
  await using folder = await tempFolder();
  if (engine === "docker") {
    const container = await run(["create", image]);
    await run(["export", "-o", `${folder.path}/root.tar`, container]);
    await run(["rm", container]);
  } else {
    const archive = `docker-archive:${folder.path}/image.tar`;
    await run(["push", "--quiet", image, archive]);
    await tar(["-xf", `${folder.path}/image.tar`, "-C", folder.path]);
    const manifest = await Deno.readTextFile(`${folder.path}/manifest.json`);
    const layers = (JSON.parse(manifest) as { Layers: string[] }[])[0].Layers;
    assertEquals(layers.length, 1, "expected one layer, the copy of the root");
    await Deno.rename(`${folder.path}/${layers[0]}`, `${folder.path}/root.tar`);
  }
  const names = (await tar(["-tf", `${folder.path}/root.tar`])).split("\n");
  const engineFiles =
    /^\/(dev|proc|sys)\/|^\/\.dockerenv$|^\/etc\/(hosts|hostname|resolv\.conf|mtab)$/;
  return names.map((name) => `/${name.replace(/^\.?\//, "")}`)
    .filter((path) => !path.endsWith("/") && !engineFiles.test(path)).sort();
}

function run(args: string[]): Promise<string> {
  return outputOf(engine, args);
}

function tar(args: string[]): Promise<string> {
  return outputOf("tar", args);
}

async function outputOf(program: string, args: string[]): Promise<string> {
  const result = await runProgram(program, args);
  assertEquals(result.code, 0, `${program} ${args[0]}: ${result.stderr}`);
  return result.stdout.trim();
}
