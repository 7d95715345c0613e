/** Where files belong: full folders, end-to-end tests by mode, unit tests beside their sources' paths. */
import { e2eFolders, folderFilesMax, unitRoots } from "./tidy_table.ts";

/** Findings about the places of `paths`, the files of a tree relative to its root. */
export function placeFindings(paths: readonly string[]): string[] {
  const known = new Set(paths);
  return [
    ...fullFolders(paths),
    ...paths.filter((path) => path.endsWith("_test.ts")).flatMap((path) => {
      if (path.startsWith("tests/e2e/")) return strayEndToEnd(path);
      return path.startsWith("tests/unit/") ? strayUnit(path, known) : [];
    }),
  ];
}

function fullFolders(paths: readonly string[]): string[] {
  const counts = new Map<string, number>();
  for (const path of paths) {
    const folder = path.slice(0, path.lastIndexOf("/"));
    if (path.startsWith("mod/")) counts.set(folder, (counts.get(folder) ?? 0) + 1);
  }
  return [...counts].filter(([, count]) => count > folderFilesMax).map(([folder, count]) =>
    `${folder}: ${count} files, the cap is ${folderFilesMax}: make rooms`
  );
}

function strayEndToEnd(path: string): string[] {
  const [, , folder, ...rest] = path.split("/");
  if (rest.length === 1 && e2eFolders.includes(folder)) return [];
  return [`${path}: end-to-end tests are in tests/e2e/ in one of ${e2eFolders.join(", ")}`];
}

/** A test bears the name of its source, or that name and what it is about: `core_interleavings`. */
function strayUnit(path: string, known: ReadonlySet<string>): string[] {
  const place = path.slice("tests/unit/".length, -"_test.ts".length);
  const [top] = place.split("/");
  const source = top in unitRoots ? `${unitRoots[top]}${place.slice(top.length)}` : `mod/${place}`;
  const folder = source.slice(0, source.lastIndexOf("/") + 1);
  const words = source.slice(folder.length).split("_");
  const names = words.map((_, index) => folder + words.slice(0, index + 1).join("_"));
  const isMirror = names.some((name) => ["", ".ts", ".sh"].some((end) => known.has(name + end)));
  return isMirror ? [] : [`${path}: mirrors no source: there is no ${source}.ts`];
}
