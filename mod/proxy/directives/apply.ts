/** Applies one level of the file: each directive in its phase; reports unknown directives. */
import { type ConfigNode, type MapNode, parseSwitch } from "../../config/mod.ts";
import { describeLevels, type Directive, phases, suggestion } from "./draft/directive.ts";
import type { LevelDraft } from "./draft/drafts.ts";
import { directiveTable } from "./table.ts";
import { foreignDirectives } from "./foreign.ts";

/** Applies the directives of one mapping to a level. */
export function applyLevel(draft: LevelDraft, map: MapNode): void {
  const found: (Directive | null)[] = map.pairs.map(({ key, value }) => {
    const directive = directiveTable.get(key.text);
    if (directive === undefined) {
      reportUnknown(draft, key.text, key.at, value);
      return null;
    }
    if ((directive.levels & draft.level) === 0) {
      const allowed = describeLevels(directive.levels);
      draft.problem(
        key.at,
        `${key.text}: the directive cannot be used at this level (found at ${
          describeLevels(draft.level)
        } level; allowed: ${allowed})`,
      );
      return null;
    }
    return directive;
  });
  for (let phase = phases.setting; phase <= phases.nested; phase++) {
    for (const [index, directive] of found.entries()) {
      if (directive === null || directive.phase !== phase) continue;
      directive.apply(draft, map.pairs[index].value, directive.name);
    }
  }
}

function reportUnknown(
  draft: LevelDraft,
  name: string,
  at: MapNode["at"],
  value: ConfigNode,
): void {
  const foreign = foreignDirectives.get(name);
  if (foreign?.outcome === "ignored") {
    draft.notice(at, `${name}: hayate does not support this directive of h2o; it is ignored`);
  } else if (foreign?.outcome === "refused") {
    const isOff = value.kind === "scalar" && parseSwitch(value.text) === false;
    if (foreign.mayBeOff && isOff) return;
    draft.problem(
      at,
      `${name}: hayate does not support this directive of h2o: ${foreign.why}`,
    );
  } else {
    // A directive that is allowed at this level is the likelier suggestion.
    const here = [...directiveTable.values()].filter(({ levels }) => (levels & draft.level) !== 0);
    const hint = suggestion(name, here.map((directive) => directive.name)) ||
      suggestion(name, directiveTable.keys());
    draft.problem(at, `unknown directive: ${name}${hint}`);
  }
}
