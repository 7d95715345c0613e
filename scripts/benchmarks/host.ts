/** The machine that the figures were measured on. */
export interface Host {
  readonly date: string;
  readonly cpu: string;
  readonly cores: number;
  readonly kernel: string;
  /** Load average of the minute before the start: above a few tenths, the machine is not idle. */
  readonly loadBefore: number;
}

export async function describeHost(): Promise<Host> {
  const cpuinfo = await Deno.readTextFile("/proc/cpuinfo");
  return {
    date: new Date().toISOString().slice(0, 16) + "Z",
    // arm64 has no model name, only numbers.
    cpu: cpuinfo.match(/^model name\s*:\s*(.+)$/m)?.[1] ?? Deno.build.arch,
    cores: navigator.hardwareConcurrency,
    kernel: Deno.osRelease(),
    loadBefore: Deno.loadavg()[0],
  };
}
