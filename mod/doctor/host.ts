/** Reads facts from the host itself. */
import { StartError } from "../base/errors.ts";
import { libssl } from "../sys/libssl.ts";
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
  hasLibssl() {
    try {
      libssl();
      return true;
    } catch (error) {
      if (error instanceof StartError) return false;
      throw error;
    }
  },
};
