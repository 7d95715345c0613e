/** `redirect-to-https` and `hsts`: clients are to use TLS. */
import { type ConfigNode, parseAge, parseSwitch } from "../../../config/mod.ts";
import {
  type Directive,
  everywhere,
  onOff,
  phases,
  readMap,
  readScalar,
  scalar,
} from "../draft/directive.ts";
import type { LevelDraft } from "../draft/drafts.ts";

const yearSeconds = 365 * 86_400;

const ageKind = {
  allowed: "a number and second(s), minute(s), hour(s), day(s), month(s), year(s)",
  parse: parseAge,
};

/** ON, OFF or an age; the number of seconds, or null for OFF. */
const briefKind = {
  allowed: `ON, OFF, ${ageKind.allowed}`,
  parse(text: string): { seconds: number | null } | null {
    const isOn = parseSwitch(text);
    if (isOn !== null) return { seconds: isOn ? yearSeconds : null };
    const seconds = parseAge(text);
    return seconds === null ? null : { seconds };
  },
};

const hsts: Directive = {
  name: "hsts",
  levels: everywhere,
  phase: phases.setting,
  apply(draft, value, name) {
    if (value.kind === "mapping") return readHsts(draft, value, name);
    const brief = readScalar(draft, name, value, briefKind);
    if (brief === null) return;
    draft.settings.hsts = brief.seconds === null ? null : `max-age=${brief.seconds}`;
  },
};

/** `{max-age, include-subdomains, preload}` (RFC 6797 6.1; preload is of hstspreload.org). */
function readHsts(draft: LevelDraft, value: ConfigNode & { kind: "mapping" }, name: string): void {
  let seconds = yearSeconds;
  let subdomains = false;
  let preload = false;
  readMap(draft, name, value, {
    "max-age": (node) =>
      seconds = readScalar(draft, `${name}.max-age`, node, ageKind) ?? yearSeconds,
    "include-subdomains": (node) =>
      subdomains = readScalar(draft, `${name}.include-subdomains`, node, onOff) ?? false,
    preload: (node) => preload = readScalar(draft, `${name}.preload`, node, onOff) ?? false,
  });
  if (preload && (!subdomains || seconds < yearSeconds)) {
    return draft.problem(
      value.at,
      `${name}: preload needs include-subdomains: ON and a max-age of a year or more`,
    );
  }
  draft.settings.hsts = `max-age=${seconds}${subdomains ? "; includeSubDomains" : ""}${
    preload ? "; preload" : ""
  }`;
}

export const transportDirectives: readonly Directive[] = [
  scalar("redirect-to-https", everywhere, onOff, (draft, isOn) => {
    draft.settings.redirectsToHttps = isOn;
  }),
  hsts,
];
