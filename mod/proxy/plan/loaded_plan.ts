/** A plan together with its source. */
import type { ProxyPlan } from "./plan.ts";

/** Texts of the configuration file and of the files that it includes, by path. */
export type ConfigTexts = Map<string, string>;

/** A plan and the texts that it was read from. */
export interface LoadedPlan {
  readonly plan: ProxyPlan;
  readonly texts: ConfigTexts;
}
