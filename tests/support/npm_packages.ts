/** Installs packages of npm as an app's author does, with the Deno that runs the tests. */
import { Child } from "./child.ts";

/** What a cold cache and a slow registry may take. */
const installLimitMs = 120_000;

/**
 * Writes `folder`/package.json and installs what it depends on into node_modules beside it. False:
 * npm's registry cannot be reached in time.
 */
export async function installPackages(
  folder: string,
  project: { readonly dependencies: Readonly<Record<string, string>> },
): Promise<boolean> {
  await Deno.writeTextFile(`${folder}/package.json`, JSON.stringify(project));
  const args = ["install", "--quiet", "--no-lock", "--node-modules-dir=auto"];
  const child = new Child(Deno.execPath(), args, {
    cwd: folder,
    waitTimeoutMs: 2 * installLimitMs,
  });
  const timer = setTimeout(() => void child.killTree(), installLimitMs);
  const { code } = await child.result();
  clearTimeout(timer);
  return code === 0;
}
