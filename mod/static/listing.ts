/** Renders the page that lists a folder. */
import { encodePath } from "./target_path.ts";

/** One line of a listing. */
export interface ListedEntry {
  readonly name: string;
  readonly isFolder: boolean;
  readonly size: number;
  /** Milliseconds since 1970. */
  readonly modifiedMs: number;
}

/** Further entries are skipped, and the page shows their number. */
export const listedCountMax = 10_000;

/**
 * Folders first, then by name, without hidden entries (leading dot). `more`: number of entries
 * skipped.
 */
export function renderListing(
  segments: readonly string[],
  entries: readonly ListedEntry[],
  more = 0,
): string {
  const title = escapeHtml("/" + segments.map((segment) => segment + "/").join(""));
  const visible = entries.filter((entry) => !entry.name.startsWith(".")).sort(compareEntries);
  const rows = visible.map(renderRow);
  if (segments.length > 0) {
    rows.unshift(`<tr><td><a href="../">../</a></td><td></td><td></td></tr>`);
  }
  if (more > 0) rows.push(`<tr><td colspan="3">${more} more</td></tr>`);
  return `<!DOCTYPE html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>${title}</title>
<style>
body { font: 15px/1.6 system-ui, sans-serif; margin: 2rem auto; max-width: 60rem; padding: 0 1rem; }
table { border-collapse: collapse; width: 100%; }
td { padding: 0.1rem 1rem 0.1rem 0; white-space: nowrap; }
td:nth-child(2) { text-align: right; }
</style>
<h1>${title}</h1>
<table>
${rows.join("\n")}
</table>
</html>
`;
}

function compareEntries(a: ListedEntry, b: ListedEntry): number {
  if (a.isFolder !== b.isFolder) return a.isFolder ? -1 : 1;
  return a.name < b.name ? -1 : a.name > b.name ? 1 : 0;
}

function renderRow(entry: ListedEntry): string {
  const slash = entry.isFolder ? "/" : "";
  // "./" keeps a name such as "a:b" from being parsed as a scheme (RFC 3986 section 4.2).
  const href = "." + encodePath([entry.name], entry.isFolder);
  const date = new Date(entry.modifiedMs).toISOString().slice(0, 19).replace("T", " ");
  const size = entry.isFolder ? "" : String(entry.size);
  return `<tr><td><a href="${escapeHtml(href)}">${escapeHtml(entry.name)}${slash}</a></td>` +
    `<td>${size}</td><td>${date}</td></tr>`;
}

/** Escapes text for element content and double-quoted attributes. */
export function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (char) => `&#${char.charCodeAt(0)};`);
}
