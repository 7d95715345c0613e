/** The images that are compared: ours, and peers' made from Debian's packages. */
import { docker } from "./engine.ts";

const scripts = new URL("../..", import.meta.url).pathname.replace(/\/$/, "");

/** Where a container finds its configuration and the site. */
export const inside = "/bench";

/** One contender as a container. Every site is the same small file. */
export interface ContainerSpec {
  readonly name: string;
  readonly image: string;
  /** Debian's package; null: our own image, built by scripts/image. */
  readonly package: string | null;
  /** Files of its folder, by name. */
  files(port: number): Readonly<Record<string, string>>;
  /** Flags of `docker run`. */
  flags(port: number): readonly string[];
  readonly command: readonly string[];
}

export const appliance: ContainerSpec = {
  name: "hayate appliance",
  image: "hayate-bench",
  package: null,
  files: () => ({
    "h2o.conf": `hosts: {default: {paths: {/: {file.dir: ${inside}/www}}}}\n`,
  }),
  flags: (port) => ["-e", `PORTS=127.0.0.1:${port}`],
  command: ["proxy", "-c", `${inside}/h2o.conf`],
};

/** One worker, as the appliance has; the image of nginx.org starts one for each CPU. */
export const nginxImage: ContainerSpec = {
  name: "nginx",
  image: "nginx-bench",
  package: "nginx-light",
  files: (port) => ({
    "nginx.conf": `worker_processes 1;
error_log stderr;
events { worker_connections 4096; }
http {
  access_log off;
  keepalive_timeout 600;
  server { listen 127.0.0.1:${port}; root ${inside}/www; }
}
`,
  }),
  flags: () => ["--stop-signal", "SIGQUIT"],
  command: ["nginx", "-c", `${inside}/nginx.conf`, "-g", "daemon off;"],
};

export const caddyImage: ContainerSpec = {
  name: "Caddy",
  image: "caddy-bench",
  package: "caddy",
  files: (port) => ({
    Caddyfile: `{
  admin off
  auto_https off
}
http://127.0.0.1:${port} {
  root * ${inside}/www
  file_server
}
`,
  }),
  flags: () => ["-e", "HOME=/tmp"],
  command: ["caddy", "run", "--config", `${inside}/Caddyfile`, "--adapter", "caddyfile"],
};

/** Images of this run that exist or are being made. */
const made = new Map<string, Promise<void>>();

/** Makes the image unless this run has. Throws with the reason. */
export function ensureImage(spec: ContainerSpec): Promise<void> {
  let image = made.get(spec.image);
  if (image === undefined) made.set(spec.image, image = makeImage(spec));
  return image;
}

async function makeImage({ image, package: name }: ContainerSpec): Promise<void> {
  // scripts/image makes the base image, too, where none can be pulled.
  if (name === null) return await run(`${scripts}/image`, ["--tag", image]);
  await ensureImage(appliance);
  const folder = await Deno.makeTempDir({ prefix: "hayate-bench-" });
  try {
    await Deno.writeTextFile(
      `${folder}/Dockerfile`,
      `FROM docker.io/library/debian:trixie-slim
RUN apt-get update && apt-get install -y --no-install-recommends ${name} \\
  && rm -rf /var/lib/apt/lists/*
`,
    );
    await docker("build", "--quiet", "--network", "host", "-t", image, folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

async function run(program: string, args: readonly string[]): Promise<void> {
  const { success, stderr } = await new Deno.Command(program, { args: [...args], stdin: "null" })
    .output();
  if (success) return;
  throw new Error(new TextDecoder().decode(stderr).trim().split("\n").at(-1));
}
