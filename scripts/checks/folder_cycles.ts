/** Cycles between the folders of a tree: folders that import each other, by however many steps. */
import { dirname, join } from "../../mod/std/path.ts";

/** A relative path that is imported or re-exported; types count, because a reader follows them too. */
const importPattern = /\b(?:import|export)\b[^;"']*?\bfrom\s+["'](\.{1,2}\/[^"'\n]+)["']/g;

/** Imports between folders: the importing file by imported folder, by importing folder. */
type Arrows = Map<string, Map<string, string>>;

/** One finding for each cycle: `mod/a -> mod/b -> mod/a: folders import each other (mod/a/x.ts, ...)`. */
export async function folderCycles(root: string, top: string): Promise<string[]> {
  const arrows = await arrowsOf(root.replace(/\/$/, ""), top);
  const findings: string[] = [];
  const done = new Set<string>();
  for (const folder of [...arrows.keys()].sort()) {
    const cycle = done.has(folder) ? null : cycleThrough(arrows, folder);
    if (cycle === null) continue;
    for (const member of cycle) done.add(member);
    const files = cycle.map((from, i) => arrows.get(from)!.get(cycle[(i + 1) % cycle.length])!);
    findings.push(
      `${[...cycle, folder].join(" -> ")}: folders import each other (${files.join(", ")})`,
    );
  }
  return findings;
}

async function arrowsOf(root: string, top: string): Promise<Arrows> {
  const arrows: Arrows = new Map();
  for await (const path of sourceFiles(`${root}/${top}`)) {
    const from = dirname(path).slice(root.length + 1);
    for (const [, target] of (await Deno.readTextFile(path)).matchAll(importPattern)) {
      const to = dirname(join(from, target));
      if (to === from || !`${to}/`.startsWith(`${top}/`)) continue;
      const targets = arrows.get(from) ?? new Map<string, string>();
      arrows.set(from, targets.has(to) ? targets : targets.set(to, path.slice(root.length + 1)));
    }
  }
  return arrows;
}

async function* sourceFiles(folder: string): AsyncGenerator<string> {
  for await (const entry of Deno.readDir(folder)) {
    const path = `${folder}/${entry.name}`;
    if (entry.isDirectory) yield* sourceFiles(path);
    else if (entry.name.endsWith(".ts")) yield path;
  }
}

/** The shortest way from `start` back to itself; null when there is none. */
function cycleThrough(arrows: Arrows, start: string): string[] | null {
  const cameFrom = new Map<string, string>();
  const queue = [start];
  for (let at = queue.shift(); at !== undefined; at = queue.shift()) {
    for (const next of arrows.get(at)?.keys() ?? []) {
      if (next === start) return wayTo(at, start, cameFrom);
      if (cameFrom.has(next)) continue;
      cameFrom.set(next, at);
      queue.push(next);
    }
  }
  return null;
}

function wayTo(last: string, start: string, cameFrom: ReadonlyMap<string, string>): string[] {
  const way = [last];
  while (way[0] !== start) way.unshift(cameFrom.get(way[0])!);
  return way;
}
