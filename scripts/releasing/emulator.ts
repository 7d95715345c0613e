/** Runs programs of another CPU under qemu's user mode. */
import { type Cpu, hostCpu } from "../denort.ts";

/** The emulator of a CPU, with the libraries of Debian's cross packages. */
const emulators: Readonly<Record<Cpu, { program: string; root: string; packages: string }>> = {
  x64: {
    program: "qemu-x86_64",
    root: "/usr/x86_64-linux-gnu",
    packages: "qemu-user libc6-amd64-cross libgcc-s1-amd64-cross",
  },
  arm64: {
    program: "qemu-aarch64",
    root: "/usr/aarch64-linux-gnu",
    packages: "qemu-user libc6-arm64-cross libgcc-s1-arm64-cross",
  },
};

/**
 * The words in front of a program of `cpu` that run it here; none for this machine's own CPU. A string
 * is the reason why nothing can run it.
 */
export async function emulatorFor(cpu: Cpu): Promise<string[] | string> {
  if (cpu === hostCpu()) return [];
  const { program, root, packages } = emulators[cpu];
  const isHere = await runs(program);
  const hasRoot = await Deno.stat(root).then(() => true, () => false);
  if (isHere && hasRoot) return [program, "-L", root];
  return `${isHere ? root : program} is missing (apt-get install ${packages})`;
}

async function runs(program: string): Promise<boolean> {
  try {
    const command = new Deno.Command(program, { args: ["--version"], stdout: "null" });
    return (await command.output()).success;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}
