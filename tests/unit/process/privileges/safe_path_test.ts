import { assertEquals } from "@std/assert";
import { folderOpenTo, type PathFacts } from "../../../../mod/process/privileges/safe_path.ts";

/** The user in question, with a group of its own and one more. */
const user = { uid: 33, gids: [33, 4] };

interface Entry {
  readonly owner?: number;
  readonly group?: number;
  readonly mode?: number;
  /** Target of a symbolic link. */
  readonly link?: string;
}

/** Folders and files by path; what is not named belongs to root and has mode 0755. */
function facts(entries: Readonly<Record<string, Entry | null>>): PathFacts {
  const find = (path: string): Entry => {
    const found = entries[path];
    if (found === null) throw new Deno.errors.NotFound(path);
    return found ?? {};
  };
  return {
    lstat(path) {
      const { owner = 0, group = 0, mode = 0o755, link } = find(path);
      return { uid: owner, gid: group, mode, isSymlink: link !== undefined };
    },
    readLink: (path) => find(path).link ?? "",
  };
}

const tmp: Entry = { mode: 0o1777 };

/** Name, path, file system -> the folder in which the user could interfere, or null. */
const rows: readonly [
  name: string,
  path: string,
  entries: Parameters<typeof facts>[0],
  string | null,
][] = [
  ["all folders are root's", "/etc/keys/k.pem", {}, null],
  ["the user owns the folder", "/srv/logs/a.log", { "/srv/logs": { owner: 33 } }, "/srv/logs"],
  ["and may not even write to it", "/srv/a", { "/srv": { owner: 33, mode: 0o555 } }, "/srv"],
  ["a folder further up is the user's", "/srv/x/y", { "/srv": { owner: 33 } }, "/srv"],
  ["a group of the user may write", "/l/a", { "/l": { group: 4, mode: 0o775 } }, "/l"],
  ["another group may write", "/l/a", { "/l": { group: 5, mode: 0o775 } }, null],
  ["the group may only read", "/l/a", { "/l": { group: 4, mode: 0o755 } }, null],
  ["anybody may write", "/l/a", { "/l": { mode: 0o777 } }, "/l"],
  ["another user's folder", "/home/a/k", { "/home/a": { owner: 1000, mode: 0o700 } }, null],
  ["root's entry in a sticky folder", "/tmp/k/k.pem", { "/tmp": tmp }, null],
  [
    "the user's entry in a sticky folder",
    "/tmp/k",
    { "/tmp": tmp, "/tmp/k": { owner: 33 } },
    "/tmp",
  ],
  ["a missing entry in a sticky folder", "/tmp/a.log", { "/tmp": tmp, "/tmp/a.log": null }, "/tmp"],
  ["a missing file in root's folder", "/l/a.log", { "/l/a.log": null }, null],
  ["a link of root's to a safe place", "/l/a", { "/l/a": { link: "/var/a" } }, null],
  [
    "a link of root's into the user's folder",
    "/l/a",
    { "/l/a": { link: "/srv/a" }, "/srv": { owner: 33 } },
    "/srv",
  ],
  ["a relative link", "/l/x/a", { "/l/x": { link: "../m" }, "/m": { owner: 33 } }, "/m"],
  ["dots", "/l/./x/../m/a", { "/l/m": { owner: 33 } }, "/l/m"],
  ["a loop of links", "/l/a", { "/l/a": { link: "a" } }, "/l"],
  ["the root itself is open", "/a", { "/": { mode: 0o777 } }, "/"],
];

for (const [name, path, entries, expected] of rows) {
  Deno.test(`folderOpenTo() where ${name}: ${expected ?? "none"}`, () => {
    assertEquals(folderOpenTo(path, user, facts(entries)), expected);
  });
}
