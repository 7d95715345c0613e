/**
 * The files of scripts/deploy for Swarm and Compose, on a Docker Engine: requests go on while
 * containers are replaced (`scripts/with_docker scripts/image --test`).
 */
import { assertEquals, assertMatch } from "@std/assert";
import { root, runProgram } from "../support/binary.ts";
import type { ChildResult } from "../support/child.ts";
import { docker, image, site, statusOf, waitForAnswer, waitUntil } from "../support/docker.ts";
import { startSteadyLoad } from "../support/load.ts";
import { peerTest } from "../support/peers.ts";
import { freePort, type TempFolder, tempFolder } from "../support/ports.ts";

const deploy = `${root}/scripts/deploy`;
const updateTimeoutMs = 120_000;

if (Deno.env.get("HAYATE_ENGINE") === "docker") {
  peerTest(
    "docker",
    "swarm.yaml: a good release loses nothing, a broken one is rolled back",
    swarm,
  );
  peerTest(
    ["docker", "docker-compose"],
    "compose.yaml: nothing is lost when the app, the edge and the number of replicas change",
    compose,
  );
}

async function swarm(): Promise<void> {
  await using folder = await tempFolder();
  const port = freePort();
  const config = await folder.write("h2o.conf", site(port));
  const stack = `hayate-test-${Deno.pid}`;
  const service = `${stack}_edge`;
  const [next, broken] = [`${stack}:next`, `${stack}:broken`];
  await docker("tag", image, next);
  await makeBroken(broken);
  await docker("swarm", "init", "--advertise-addr", "127.0.0.1");
  try {
    await swarmCommand(
      ["stack", "deploy", "--resolve-image", "never", "-c", `${deploy}/swarm.yaml`, stack],
      { HAYATE_IMAGE: image, PORTS: `${port}`, H2O_CONF: config, H2O_CONF_NAME: stack },
    );
    await waitForAnswer(port);
    const url = `http://127.0.0.1:${port}/`;
    await using kept = startSteadyLoad(url);
    await using fresh = startSteadyLoad(url, "--no-keepalive");
    for (const [release, state] of [[next, "completed"], [broken, "rollback_completed"]]) {
      const update = ["service", "update", "--quiet", "--no-resolve-image", "--image", release];
      const { stdout, stderr } = await swarmCommand([...update, service]);
      assertEquals(await inspect(service, "{{.UpdateStatus.State}}"), state, stdout + stderr);
      assertEquals(await inspect(service, "{{.Spec.TaskTemplate.ContainerSpec.Image}}"), next);
    }
    assertEquals(await statusOf(port), 302);
    await kept.end();
    await fresh.end();
  } finally {
    await runProgram("docker", ["stack", "rm", stack], { waitTimeoutMs: updateTimeoutMs });
    await docker("swarm", "leave", "--force");
    // By force: the containers of the updates may be on their way out.
    await docker("image", "rm", "-f", next, broken);
  }
}

/** An image whose supervisor ends at once. */
async function makeBroken(tag: string): Promise<void> {
  const container = await docker("create", image);
  const entrypoint = 'ENTRYPOINT ["/hayate", "supervise", "--port", "nonsense"]';
  await docker("commit", "--change", entrypoint, container, tag);
  await docker("rm", container);
}

function inspect(service: string, format: string): Promise<string> {
  return docker("service", "inspect", "-f", format, service);
}

async function swarmCommand(
  args: readonly string[],
  env: Record<string, string> = {},
): Promise<ChildResult> {
  const result = await runProgram("docker", args, { env, waitTimeoutMs: updateTimeoutMs });
  assertEquals(result.code, 0, result.stdout + result.stderr);
  return result;
}

async function compose(): Promise<void> {
  await using folder = await tempFolder();
  // The app runs as nobody.
  await Deno.chmod(folder.path, 0o755);
  await writeApp(folder, "one");
  const [port, secure] = [freePort(), freePort()];
  const project = `hayatetest${Deno.pid}`;
  const run = composeProject(project, {
    HAYATE_IMAGE: image,
    APP_FOLDER: folder.path,
    HTTP_PORT: `${port}`,
    HTTPS_PORT: `${secure}`,
  });
  try {
    await run("up", "-d", "--scale", "app=3");
    await waitForAnswer(port);
    assertEquals(await bodyOf(secure), "release one");
    await using kept = startSteadyLoad(`http://127.0.0.1:${port}/`);
    await using fresh = startSteadyLoad(`https://127.0.0.1:${secure}/`, "-k", "--no-keepalive");
    await writeApp(folder, "two");
    await run("kill", "-s", "HUP", "app");
    await waitUntil(
      "the app's next release",
      async () => await bodyOf(secure) === "release two",
      updateTimeoutMs,
    );
    await run("kill", "-s", "HUP", "edge");
    await waitUntil(
      "the edge's next generation",
      async () => /new worker is now running/.test(await run("logs", "edge")),
      updateTimeoutMs,
    );
    await run("up", "-d", "--scale", "app=2");
    assertMatch(await run("ps", "app"), /app_1[^]*app_2/);
    await kept.end();
    await fresh.end();
  } finally {
    await run("down", "-t", "1");
  }
}

/** Runs `docker-compose ARGS...` for the project; returns its standard output. */
function composeProject(name: string, env: Record<string, string>) {
  return async (...args: string[]): Promise<string> => {
    const files = ["--ansi", "never", "-p", name, "-f", `${deploy}/compose.yaml`];
    const { code, stdout, stderr } = await runProgram("docker-compose", [...files, ...args], {
      env,
      waitTimeoutMs: updateTimeoutMs,
    });
    assertEquals(code, 0, `docker-compose ${args.join(" ")}: ${stderr}`);
    return stdout;
  };
}

async function writeApp(folder: TempFolder, release: string): Promise<void> {
  await folder.write(
    "app.ts",
    `export default { fetch: () => new Response("release ${release}") };\n`,
  );
}

async function bodyOf(port: number): Promise<string> {
  return (await runProgram("curl", ["-sk", `https://127.0.0.1:${port}/`])).stdout;
}
