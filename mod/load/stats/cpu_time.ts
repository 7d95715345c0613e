/** CPU time of this process from /proc; zero where there is no /proc. */

/** Ticks of /proc/self/stat are hundredths of a second on every Linux that Deno runs on. */
const tickMs = 10;

export interface CpuTime {
  readonly userMs: number;
  readonly systemMs: number;
}

export function readCpuTime(): CpuTime {
  try {
    const text = Deno.readTextFileSync("/proc/self/stat");
    // The program's name is in parentheses and may contain blanks.
    const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
    return { userMs: Number(fields[11]) * tickMs, systemMs: Number(fields[12]) * tickMs };
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return { userMs: 0, systemMs: 0 };
    throw error;
  }
}

/** The kernel's ephemeral ports, or null. */
export function readPortRange(): [number, number] | null {
  try {
    const text = Deno.readTextFileSync("/proc/sys/net/ipv4/ip_local_port_range");
    const [first, last] = text.trim().split(/\s+/).map(Number);
    return [first, last];
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return null;
    throw error;
  }
}
