/** Findings to text or JSON. Pure. */
import type { Facts } from "./facts.ts";
import type { Finding, JudgedMode } from "./finding.ts";

/** The whole report for the terminal. */
export function renderText(
  facts: Facts,
  findings: readonly Finding[],
  modes: readonly JudgedMode[],
): string {
  const blocks = [`This host: ${summaryOf(facts)}`];
  for (const mode of modes) {
    const bites = findings.filter((each) => each.severity === "bites" && each.modes.includes(mode));
    const names = bites.map((each) => each.name).join(", ");
    blocks.push(
      `  ${mode.padEnd(10)} ${bites.length === 0 ? "nothing bites" : `bitten by ${names}`}`,
    );
  }
  for (const finding of findings) blocks.push("", ...findingLines(finding));
  return blocks.join("\n") + "\n";
}

function findingLines(finding: Finding): string[] {
  const lines = [
    `${finding.severity === "bites" ? "BITES" : "note "} ${finding.name} ` +
    `(${finding.modes.join(", ")})`,
    ...wrapped(`${finding.found}:`, "      "),
    ...wrapped(`${finding.effect}.`, "      "),
  ];
  for (const command of finding.mend) lines.push(`      $ ${command}`);
  return lines;
}

function summaryOf({ cpus, memory, openFiles, isContainer }: Facts): string {
  const limit = memory.limitBytes ?? memory.totalBytes;
  const parts = [
    cpus.quota === null ? `${cpus.allowed} CPUs` : `${cpus.quota} of ${cpus.allowed} CPUs`,
    limit === null ? null : `${(limit / 2 ** 30).toFixed(1)} GiB of memory`,
    openFiles === null ? null : `${openFiles.hard} open files`,
    isContainer ? "a container" : null,
  ];
  return parts.filter((part) => part !== null).join(", ");
}

/** Lines of at most 80 columns. */
function wrapped(text: string, indent: string): string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(" ")) {
    if (line !== "" && indent.length + line.length + 1 + word.length > 80) {
      lines.push(indent + line);
      line = word;
    } else line = line === "" ? word : `${line} ${word}`;
  }
  lines.push(indent + line);
  return lines;
}

/** One object: schema, ok, facts, findings. */
export function renderJson(facts: Facts, findings: readonly Finding[]): string {
  const ok = findings.every((finding) => finding.severity !== "bites");
  // JSON has no infinity: an unlimited number of files is null.
  const document = { schema: "hayate-doctor/1", ok, facts, findings };
  return JSON.stringify(document, null, 2) + "\n";
}
