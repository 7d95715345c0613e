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
  /** Why it is not up; absent from earlier versions, and when there is nothing to tell. */
  readonly reason?: string;
  /** Absent from earlier versions. */
  readonly ejections?: number;
}

const headings = ["id", "server", "state", "weight", "active", "requests", "failed", "reason"];

/** An upstream of the API: only the fields that are printed. */
export interface ListedUpstream {
  readonly peers: readonly ListedPeer[];
  readonly keepalive: number;
  /** Absent from earlier versions. */
  readonly retries?: number;
  readonly retries_denied?: number;
}

/** One table per upstream. */
export function renderList(upstreams: Readonly<Record<string, ListedUpstream>>): string {
  return Object.entries(upstreams).map(([name, upstream]) => {
    const { peers } = upstream;
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
        peer.reason ?? "",
      ]),
    ];
    return `${name}: ${summaryOf(upstream)}\n${padColumns(rows, "  ")}`;
  }).join("\n");
}

function summaryOf(upstream: ListedUpstream): string {
  const { peers, keepalive, retries = 0, retries_denied: denied = 0 } = upstream;
  const up = peers.filter(({ state }) => state === "up").length;
  const ejections = peers.reduce((sum, peer) => sum + (peer.ejections ?? 0), 0);
  const refused = denied === 0 ? "" : ` (${denied} refused by the budget)`;
  const counts = [
    counted(keepalive, "idle connection", "idle connections"),
    counted(retries, "retry", "retries") + refused,
    counted(ejections, "ejection", "ejections"),
  ];
  return `${up} of ${peers.length} up, ${counts.join(", ")}`;
}

function counted(count: number, one: string, several: string): string {
  return `${count} ${count === 1 ? one : several}`;
}

/** A change of the status page: only the fields that are printed. */
export interface ListedChange {
  readonly at: string;
  readonly who: string;
  readonly upstream: string;
  readonly server: string;
  readonly what: string;
}

/** One table, the newest change first, as in the answer. */
export function renderChanges(changes: readonly ListedChange[]): string {
  const rows = changes.map(({ at, who, upstream, server, what }) => [
    at.replace(/\.\d+Z$/, "Z"),
    who,
    upstream === "" ? "all" : upstream,
    server === "" ? "-" : server,
    what,
  ]);
  return padColumns([["when", "who", "upstream", "server", "what"], ...rows]);
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
