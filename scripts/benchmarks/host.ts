/** What a figure is worthless without: the machine it was measured on. */
export interface Host {
  readonly date: string;
  readonly cpu: string;
  readonly cores: number;
  readonly kernel: string;
  /** Load average of the last minute before the start: above some tenths, somebody else uses the machine. */
  readonly loadBefore: number;
}

export async function describeHost(): Promise<Host> {
  const cpuinfo = await Deno.readTextFile("/proc/cpuinfo");
  return {
    date: new Date().toISOString().slice(0, 16) + "Z",
    // arm64 names its implementer by number only.
    cpu: cpuinfo.match(/^model name\s*:\s*(.+)$/m)?.[1] ?? Deno.build.arch,
    cores: navigator.hardwareConcurrency,
    kernel: Deno.osRelease(),
    loadBefore: Deno.loadavg()[0],
  };
}
