/** Names and settings that are given outside of h2o.conf: TLS_DOMAIN and ACME_..., or flags. Pure. */
import { nameFault } from "./name_fault.ts";
import { acmeDefaults, type AcmeSettings } from "./settings.ts";

/**
 * The names of a list that is separated by blanks or commas. `fault`: a name that is none, and what is
 * allowed; null: all are usable.
 */
export function readDomains(text: string): { names: readonly string[]; fault: string | null } {
  const names = [...new Set(text.toLowerCase().split(/[\s,]+/).filter((word) => word !== ""))];
  for (const name of names) {
    const reason = nameFault(name);
    if (reason === null) continue;
    const fault = `found \`${name}\`: ${reason}; allowed: host names such as www.example.com`;
    return { names: [], fault };
  }
  return { names, fault: null };
}

/** What may be chosen besides the names; null or empty: the default. */
export interface AcmeChoices {
  readonly email: string | null | undefined;
  readonly directory: string | null | undefined;
  readonly caFile: string | null | undefined;
  readonly state: string | null | undefined;
}

/** null: `directory` is no URL of a web server. */
export function chosenSettings(choices: AcmeChoices): AcmeSettings | null {
  const directory = choices.directory || acmeDefaults.directory;
  if (!URL.canParse(directory) || !/^https?:/.test(directory)) return null;
  return {
    ...acmeDefaults,
    directory,
    email: choices.email || null,
    caFile: choices.caFile || null,
    state: choices.state || acmeDefaults.state,
  };
}
