/** Changes net.ipv4.tcp_migrate_req for an experiment and restores it. */
import type { Lab } from "./lab.ts";

const path = "/proc/sys/net/ipv4/tcp_migrate_req";

/** The current setting; null where the kernel does not have it. */
export function migrateRequests(): string | null {
  try {
    return Deno.readTextFileSync(path).trim();
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return null;
    throw error;
  }
}

/** Sets it until the lab closes. False, with a note, where that is not possible. */
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
