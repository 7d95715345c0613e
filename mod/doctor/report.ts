/** Renders findings as text or JSON. Pure. */
import type { Facts } from "./facts.ts";
import type { Finding, JudgedMode } from "./finding.ts";
import { abilities } from "./openssl_rules.ts";

/** The whole report for the terminal. */
export function renderText(
  facts: Facts,
  findings: readonly Finding[],
  modes: readonly JudgedMode[],
): string {
  const blocks = [`This host: ${summaryOf(facts)}`, ...tlsLines(facts), ...kernelTlsLines(facts)];
  for (const mode of modes) {
    blocks.push(
      `  ${mode.padEnd(10)} ${verdictOf(findings.filter((each) => each.modes.includes(mode)))}`,
    );
  }
  for (const finding of findings) blocks.push("", ...findingLines(finding));
  return blocks.join("\n") + "\n";
}

/** `OK`, or the worst severity with the names of its findings: `FAIL  somaxconn`. */
function verdictOf(findings: readonly Finding[]): string {
  const failures = findings.filter((each) => each.severity === "fail");
  const worst = failures.length > 0 ? failures : findings;
  if (worst.length === 0) return "OK";
  return `${labelOf(worst[0])}  ${worst.map((each) => each.name).join(", ")}`;
}

function labelOf(finding: Finding): string {
  return finding.severity === "fail" ? "FAIL" : "WARN";
}

function findingLines(finding: Finding): string[] {
  const { name, modes, found, effect } = finding;
  const lines = [
    `${labelOf(finding)}  ${name} (${modes.join(", ")})`,
    ...wrapped(found, "      "),
    ...wrapped(`${effect[0].toUpperCase()}${effect.slice(1)}.`, "      "),
  ];
  for (const line of finding.fix) lines.push(`      ${line.startsWith("#") ? "" : "$ "}${line}`);
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

/** The library in use, and what it can and cannot do. */
function tlsLines({ openssl }: Facts): string[] {
  const indent = " ".repeat(13);
  const heading = (text: string) => `  TLS        ${text}`;
  if (openssl === null) return [heading("no OpenSSL 3")];
  const { version, supportEnd, isSupported } = openssl;
  const support = supportEnd === null
    ? "how long it is supported is not known"
    : isSupported
    ? `supported until ${supportEnd}`
    : `out of support since ${supportEnd}`;
  const labels = (wanted: boolean) =>
    abilities.filter(({ has }) => has(openssl) === wanted).map(({ label }) => label).join(", ");
  const [has, lacks] = [labels(true), labels(false)];
  return [
    heading(`OpenSSL ${version}, ${support}`),
    ...(has === "" ? [] : wrapped(`has ${has}`, indent)),
    ...(lacks === "" ? [] : wrapped(`lacks ${lacks}`, indent)),
  ];
}

/** What `ssl-offload` would find. */
function kernelTlsLines({ kernelTls }: Facts): string[] {
  if (kernelTls === null) return [];
  const { isOffered, changesKeys } = kernelTls;
  const finding = !isOffered
    ? "not offered by the kernel (modprobe tls, if it has the module)"
    : changesKeys
    ? "offered by the kernel, which can change keys"
    : "offered by the kernel, which cannot change keys (Linux 6.14 can)";
  return [`  kTLS       ${finding}`];
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
  const ok = findings.every((finding) => finding.severity !== "fail");
  // JSON has no infinity: an unlimited number of files is null.
  const document = { schema: "hayate-doctor/2", ok, facts, findings };
  return JSON.stringify(document, null, 2) + "\n";
}
