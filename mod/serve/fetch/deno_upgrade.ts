/** `Deno.upgradeWebSocket` for requests of this server; the native one handles all others. */
import type { Call } from "./call.ts";
import { ServedRequest } from "./served_request.ts";
import { openUpgrade, type Upgrade, type UpgradeOptions } from "./upgrade.ts";

let isInstalled = false;

/** Replaces the global function, which frameworks call, once before an app is loaded. */
export function installUpgrade(): void {
  if (isInstalled) return;
  isInstalled = true;
  const native = Deno.upgradeWebSocket;
  Deno.upgradeWebSocket = ((request: Request, options: UpgradeOptions = {}): Upgrade => {
    const origin = ServedRequest.originOf(request);
    return origin === null ? native(request, options) : openUpgrade(origin as Call, options);
  }) as typeof Deno.upgradeWebSocket;
}
