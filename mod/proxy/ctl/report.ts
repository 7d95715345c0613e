/** Output of `hayate proxy ctl` and `certs`. */

/** A peer of the API: only the fields that are printed. */
export interface ListedPeer {
  readonly id: number;
  readonly server: string;
  readonly state: string;
  readonly backup: boolean;
  readonly weight: number;
  readonly active: number;
  readonly requests: number;
  readonly fails: number;
}

const headings = ["id", "server", "state", "weight", "active", "requests", "failed"];

/** One table per upstream. */
export function renderList(upstreams: Readonly<Record<string, readonly ListedPeer[]>>): string {
  return Object.entries(upstreams).map(([name, peers]) => {
    const rows = [
      headings,
      ...peers.map((peer) => [
        String(peer.id),
        peer.backup ? `${peer.server} (backup)` : peer.server,
        peer.state,
        String(peer.weight),
        String(peer.active),
        String(peer.requests),
        String(peer.fails),
      ]),
    ];
    return `${name}\n${padColumns(rows, "  ")}`;
  }).join("\n");
}

/** Rows of as many cells, in columns; each line begins with `indent`. */
export function padColumns(rows: readonly (readonly string[])[], indent = ""): string {
  const widths = rows[0].map((_, column) => Math.max(...rows.map((row) => row[column].length)));
  const lines = rows.map((row) =>
    `${indent}${row.map((cell, column) => cell.padEnd(widths[column])).join("  ").trimEnd()}\n`
  );
  return lines.join("");
}

export function printText(text: string): void {
  const bytes = new TextEncoder().encode(text);
  for (let at = 0; at < bytes.length;) at += Deno.stdout.writeSync(bytes.subarray(at));
}
