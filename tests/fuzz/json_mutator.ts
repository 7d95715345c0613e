/** Changes JSON values in ways that break a reader without validation. */
import type { Random } from "./random.ts";

const strangers: readonly unknown[] = [
  null,
  true,
  false,
  0,
  -1,
  1.5,
  1e300,
  65_536,
  2 ** 53,
  "",
  "x",
  "0",
  "127.0.0.1:1",
  "unix:/a",
  "\0",
  "x".repeat(300),
  [],
  [null],
  {},
  { kind: "tcp" },
  { kind: "unix", path: 5 },
];

/** A copy of `value` with one to four random changes. */
export function mutateJson(random: Random, value: unknown): unknown {
  const root = { value: structuredClone(value) };
  for (let changes = 1 + random.below(4); changes > 0; changes--) change(random, root);
  return root.value;
}

/** Walks to a random place below `root` and removes, replaces, duplicates or renames the value. */
function change(random: Random, root: { value: unknown }): void {
  let parent: Record<string, unknown> = root;
  let key = "value";
  for (;;) {
    const child = parent[key];
    const keys = typeof child === "object" && child !== null ? Object.keys(child) : [];
    if (keys.length === 0 || random.oneIn(6)) break;
    parent = child as Record<string, unknown>;
    key = random.pick(keys);
  }
  switch (random.below(4)) {
    case 0:
      if (Array.isArray(parent)) parent.splice(Number(key), 1);
      else if (parent !== root) delete parent[key];
      return;
    case 1:
      if (Array.isArray(parent)) parent.push(structuredClone(parent[Number(key)]));
      else parent[`${key}x`] = parent[key];
      return;
    default:
      parent[key] = structuredClone(random.pick(strangers));
  }
}

/** The text of a value, sometimes truncated or with an extra byte. */
export function mutateText(random: Random, text: string): string {
  if (random.oneIn(12)) return text.slice(0, random.below(text.length + 1));
  if (!random.oneIn(24)) return text;
  const at = random.below(text.length + 1);
  return text.slice(0, at) + random.pick(["}", "]", ",", "\0", '"', "1", "{"]) + text.slice(at);
}
