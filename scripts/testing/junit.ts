/** Reads the counts from the JUnit report of `deno test --junit-path`. */
import { emptyOutcome, type Outcome } from "./outcome.ts";

/**
 * Counts the tests in a report. Steps (`test > step`) are not counted: they belong to their test,
 * which fails when one of them does. `reports` stays empty: the run's own output is more detailed.
 */
export function readJunit(xml: string): Outcome {
  const cases = Array.from(xml.matchAll(/<testcase name="([^"]*)"[^>]*>([^]*?)<\/testcase>/g));
  const names = new Set(cases.map(([, name]) => name));
  const outcome = emptyOutcome();
  for (const [, name, body] of cases) {
    if (isStep(name, names)) continue;
    if (/<(failure|error)\b/.test(body)) outcome.failed++;
    else if (/<skipped\b/.test(body)) outcome.skipped.push(unescapeXml(name));
    else outcome.passed++;
  }
  return outcome;
}

/** A step's name begins with its test's name; " > " alone may occur in any name. */
function isStep(name: string, names: ReadonlySet<string>): boolean {
  for (let at = name.indexOf(" &gt; "); at >= 0; at = name.indexOf(" &gt; ", at + 1)) {
    if (names.has(name.slice(0, at))) return true;
  }
  return false;
}

const entities: Record<string, string> = { lt: "<", gt: ">", quot: '"', apos: "'", amp: "&" };

function unescapeXml(text: string): string {
  return text.replace(/&(lt|gt|quot|apos|amp);/g, (_, name: string) => entities[name]);
}
