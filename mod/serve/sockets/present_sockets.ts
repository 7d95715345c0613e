/** Which of the planned sockets this host can have. */
import type { ServePlan } from "../plan/plan.ts";

/** The plan without the IPv6 halves of PORTS where there is no IPv6. */
export function onThisHost(plan: ServePlan): ServePlan {
  const { listen } = plan;
  if (!listen.sockets.some(({ isTwin }) => isTwin) || hasIpv6()) return plan;
  const sockets = listen.sockets.filter(({ isTwin }) => !isTwin);
  return { ...plan, listen: { ...listen, sockets } };
}

/** The kernel lists its IPv6 addresses here; without IPv6 there is no such file, or nothing in it. */
function hasIpv6(): boolean {
  try {
    return Deno.readTextFileSync("/proc/net/if_inet6") !== "";
  } catch (error) {
    if (error instanceof Deno.errors.NotFound || error instanceof Deno.errors.PermissionDenied) {
      return false;
    }
    throw error;
  }
}
