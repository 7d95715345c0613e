/** Docker or buildah: which one works here, and how each builds the Dockerfile. */

/** What the user has to mend before an image can be built; one line. */
export class ImageError extends Error {
  override readonly name = "ImageError";
}

/** Builds an image `tag` from a folder with a Dockerfile. */
export interface Engine {
  readonly name: "docker" | "buildah";
  build(context: string, tag: string): Promise<void>;
}

const baseImage = "docker.io/library/debian:bookworm-slim";
const scripts = new URL(".", import.meta.url).pathname;

/** Docker where its engine answers (its client alone builds nothing), else buildah. */
export async function findEngine(): Promise<Engine> {
  if (await succeeds("docker", ["info"])) return { name: "docker", build: buildWithDocker };
  if (await succeeds("buildah", ["--version"])) return { name: "buildah", build: buildWithBuildah };
  throw new ImageError(
    "neither a docker engine nor buildah is here: install one (apt-get install buildah)",
  );
}

async function buildWithDocker(context: string, tag: string): Promise<void> {
  await run("docker", ["build", "--network", "host", "-t", tag, context]);
}

async function buildWithBuildah(context: string, tag: string): Promise<void> {
  await ensureBaseImage();
  await run("buildah", [
    "build",
    "--isolation",
    "chroot",
    "--network",
    "host",
    "--pull-never",
    "--layers=false",
    "-t",
    tag,
    context,
  ]);
}

/** Buildah's own pull first; behind a closed network, an image made of Debian's packages. */
async function ensureBaseImage(): Promise<void> {
  if (await succeeds("buildah", ["inspect", "--type", "image", baseImage])) return;
  if (await succeeds("buildah", ["pull", "--quiet", baseImage])) return;
  if (Deno.uid() !== 0 || !await succeeds("debootstrap", ["--version"])) {
    throw new ImageError(
      `${baseImage} cannot be pulled here; scripts/base_image makes it as root from Debian's packages`,
    );
  }
  await run(`${scripts}base_image`, []);
}

/** True when the program is there and exits with 0. Says nothing. */
async function succeeds(program: string, args: string[]): Promise<boolean> {
  try {
    const command = new Deno.Command(program, {
      args,
      stdin: "null",
      stdout: "null",
      stderr: "null",
      signal: AbortSignal.timeout(60_000),
    });
    return (await command.output()).success;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

/** Runs to the end; a failure shows the last lines of what the program said. */
async function run(program: string, args: string[]): Promise<void> {
  const { success, stdout, stderr } = await new Deno.Command(program, {
    args,
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).output();
  if (success) return;
  const decoder = new TextDecoder();
  const lines = (decoder.decode(stdout) + decoder.decode(stderr)).trimEnd().split("\n");
  throw new ImageError(`${program} ${args[0] ?? ""} failed:\n${lines.slice(-25).join("\n")}`);
}
