/** net.ipv4.tcp_migrate_req, changed for an experiment and put back. */
import type { Lab } from "./lab.ts";

const path = "/proc/sys/net/ipv4/tcp_migrate_req";

/** The setting now; null where the kernel has none. */
export function migrateRequests(): string | null {
  try {
    return Deno.readTextFileSync(path).trim();
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return null;
    throw error;
  }
}

/** Sets it until the lab closes. False, with a note, where that cannot be done. */
export function setMigrateRequests(lab: Lab, value: "0" | "1"): boolean {
  const before = migrateRequests();
  if (before === value) return true;
  if (before === null) {
    lab.note("this kernel has no net.ipv4.tcp_migrate_req (Linux 5.14 and later have it)");
    return false;
  }
  try {
    Deno.writeTextFileSync(path, value);
  } catch (error) {
    lab.note(
      `net.ipv4.tcp_migrate_req stays ${before}: it cannot be set here (${
        (error as Error).name
      }); ` +
        `as root: sysctl -w net.ipv4.tcp_migrate_req=${value}`,
    );
    return false;
  }
  lab.defer(() => Deno.writeTextFileSync(path, before));
  return true;
}
