/** hayate for an experiment: in its image if possible, else as a plain process. */
import { binaryLauncher, imageLauncher, type Launcher } from "../../tests/support/launcher.ts";
import { findPeer } from "../../tests/support/peers.ts";
import { runProgram } from "../../tests/support/binary.ts";
import type { Lab } from "./lab.ts";

export const imageTag = Deno.env.get("HAYATE_IMAGE") ?? "hayate";

/** The engine that can run the image here; null, with a note on what is missing. */
export async function findImageEngine(lab: Lab): Promise<"docker" | "buildah" | null> {
  const fallBack = (why: string) => {
    lab.note(`plain processes in place of containers: ${why}`);
    return null;
  };
  if (await succeeds("docker", ["info"])) {
    if (await succeeds("docker", ["image", "inspect", imageTag])) return "docker";
    return fallBack(`docker has no image ${imageTag}, scripts/image builds it`);
  }
  if (findPeer("buildah") === null) return fallBack("neither docker nor buildah is here");
  if (Deno.uid() !== 0) return fallBack("buildah runs images as root only");
  if (await succeeds("buildah", ["inspect", "--type", "image", imageTag])) return "buildah";
  return fallBack(`buildah has no image ${imageTag}, scripts/image builds it`);
}

/** A launcher for `hayate ...` in the image, or as a plain process. */
export async function findLauncher(lab: Lab): Promise<Launcher> {
  const engine = await findImageEngine(lab);
  if (engine === null) return binaryLauncher;
  lab.note(`in the image ${imageTag}, run by ${engine}`);
  return imageLauncher(engine, imageTag);
}

async function succeeds(program: string, args: readonly string[]): Promise<boolean> {
  if (findPeer(program) === null) return false;
  return (await runProgram(program, args)).code === 0;
}

/** A free port on 127.0.0.1 that ends in 443, below the ephemeral range: PORTS treats it as TLS. */
export function freeTlsPort(): number {
  for (let thousands = 10; thousands < 32; thousands++) {
    const port = thousands * 1000 + 443;
    try {
      Deno.listen({ hostname: "127.0.0.1", port }).close();
      return port;
    } catch (error) {
      if (!(error instanceof Deno.errors.AddrInUse)) throw error;
    }
  }
  throw new Error("Cannot find a free port that ends in 443");
}
