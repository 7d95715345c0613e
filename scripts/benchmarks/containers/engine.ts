/** The Docker Engine that runs containers of the contenders. */

/** Long enough to build an image. */
const patienceMs = 900_000;

/** Runs `docker ARGS...`; returns its standard output, trimmed. Throws with its last line. */
export async function docker(...args: readonly string[]): Promise<string> {
  const { success, stdout, stderr } = await output(args);
  if (success) return stdout.trim();
  const last = stderr.trim().split("\n").at(-1);
  throw new Error(`docker ${args[0]}: ${last}`);
}

/** Why containers cannot take part; null: an engine answers. */
export async function whyNoEngine(): Promise<string | null> {
  try {
    if ((await output(["info"])).success) return null;
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
  return "no Docker Engine answers (scripts/with_docker scripts/bench ... starts one)";
}

async function output(args: readonly string[]) {
  const { success, stdout, stderr } = await new Deno.Command("docker", {
    args: [...args],
    stdin: "null",
    signal: AbortSignal.timeout(patienceMs),
  }).output();
  const decoder = new TextDecoder();
  return { success, stdout: decoder.decode(stdout), stderr: decoder.decode(stderr) };
}
