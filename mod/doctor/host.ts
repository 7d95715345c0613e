/** Reads facts from the host itself. */
import { hybridGroup, missingGroups, opensslVersion } from "../tls/groups.ts";
import { opensslFault } from "../tls/openssl_fault.ts";
import type { FactSources } from "./read_facts.ts";

export const host: FactSources = {
  readText(path) {
    try {
      return Deno.readTextFileSync(path);
    } catch {
      // Missing, forbidden, or a disabled controller (ENODEV, EOPNOTSUPP): the fact is unknown.
      return null;
    }
  },
  openssl() {
    if (opensslFault() !== null) return null;
    return {
      version: opensslVersion(),
      hasHybridGroup: missingGroups([hybridGroup]).length === 0,
    };
  },
};
