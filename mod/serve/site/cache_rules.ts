/** `--cache`: the Cache-Control of files by their paths. */
import { globToRegExp } from "../../std/path.ts";
import type { CacheRule } from "../plan/plan.ts";

/**
 * Finds the value for a path below the root; null without one. The first rule counts. A pattern
 * without a slash is for names in every folder, as in .gitignore.
 */
export function cacheControlOf(rules: readonly CacheRule[]): (path: string) => string | null {
  const compiled = rules.map(({ pattern, value }) => {
    const fromRoot = pattern.replace(/^\//, "");
    return { regExp: globToRegExp(pattern.includes("/") ? fromRoot : `**/${pattern}`), value };
  });
  return (path) => compiled.find(({ regExp }) => regExp.test(path))?.value ?? null;
}
