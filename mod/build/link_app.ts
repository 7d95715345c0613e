/** Links an app for a program that has nothing else. */
import { exitCodes, StartError, systemReason } from "../base/errors.ts";
import { link } from "../script/linker/link.ts";
import { dirname } from "../std/path.ts";

export interface LinkedForBuild {
  /** The folder that paths in the program are relative to: ours, or the app's. */
  readonly root: string;
  readonly entry: string;
  readonly code: Uint8Array<ArrayBuffer>;
  readonly map: Uint8Array<ArrayBuffer>;
}

/** Rejects with `StartError`. */
export async function linkApp(app: string): Promise<LinkedForBuild> {
  const path = realPath(app);
  const here = Deno.realPathSync(".");
  const root = path.startsWith(`${here}/`) ? here : dirname(path);
  const { code, map } = await link(path, app, { movedFrom: root });
  return { root, entry: path.slice(root.length + 1), code, map };
}

function realPath(app: string): string {
  try {
    const path = Deno.realPathSync(app);
    if (Deno.statSync(path).isFile) return path;
  } catch (error) {
    throw new StartError(`${app}: ${systemReason(error)}`, exitCodes.config, { cause: error });
  }
  throw new StartError(`${app}: is a folder, not an app`, exitCodes.config);
}
