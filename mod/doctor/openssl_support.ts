/** How long the OpenSSL project mends each release (its page "Release Strategy", 2026). */

/** Last days by minor version. 3.0 and 3.5 are long-term releases. */
const supportEnds: Readonly<Record<string, string>> = {
  "3.0": "2026-09-07",
  "3.1": "2025-03-14",
  "3.2": "2025-11-23",
  "3.3": "2026-04-09",
  "3.4": "2026-10-22",
  "3.5": "2030-04-08",
  "3.6": "2026-11-01",
};

/** The day on which the support of a version ends, as 2030-04-08; null: unknown. */
export function supportEndOf(version: string): string | null {
  const minor = /^\d+\.\d+/.exec(version)?.[0] ?? "";
  return supportEnds[minor] ?? null;
}
