/** Compiles the programs of floor/, which cost what the kernel alone costs. */
import { findProgram, useFloor } from "./programs.ts";

const sources = new URL("floor/", import.meta.url).pathname;
const names = ["server", "client", "proxy"];

/**
 * Compiles them into `folder`, where `findProgram` finds them. Returns null, or why there is no
 * floor: a missing compiler, or what it said.
 */
export async function compileFloor(folder: string): Promise<string | null> {
  const compiler = findProgram("cc");
  if (compiler === null) return "cc is missing";
  for (const name of names) {
    const { success, stderr } = await new Deno.Command(compiler, {
      args: ["-O2", "-o", `${folder}/${name}`, `${sources}${name}.c`],
      stdin: "null",
    }).output();
    if (!success) {
      const [line] = new TextDecoder().decode(stderr).split("\n");
      return `cc cannot compile floor/${name}.c: ${line}`;
    }
  }
  useFloor(folder);
  return null;
}
