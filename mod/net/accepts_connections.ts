/** Checks whether an address accepts connections, for set-up code. */
import type { Address } from "../base/address.ts";

/** Connects and closes at once. False for any network failure; throws on an invalid address. */
export async function acceptsConnections(address: Address): Promise<boolean> {
  try {
    const connection = address.kind === "unix"
      ? await Deno.connect({ transport: "unix", path: address.path })
      : await Deno.connect({ hostname: address.host, port: address.port });
    connection.close();
    return true;
  } catch (error) {
    if (error instanceof TypeError) throw error;
    return false;
  }
}
