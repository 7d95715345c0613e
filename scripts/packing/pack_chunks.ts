/** Lays out the chunks of a bundle for the code pack. */
import { type CodePack, type GroupPlace, type Piece, separator } from "../../mod/code/code_pack.ts";
import { scriptOf } from "../../mod/code/code_pack.ts";
import { convertChunk } from "./convert_chunk.ts";
import { concat } from "../../mod/std/bytes.ts";

/** The chunks of a role, and what V8 has compiled of them; null: nothing yet. */
export interface Group {
  readonly names: readonly string[];
  readonly cache: Uint8Array | null;
}

/** The converted chunks of the bundle in `folder`, by name. Throws for one that V8 cannot read. */
export async function readChunks(folder: string): Promise<ReadonlyMap<string, string>> {
  const names: string[] = [];
  await walk(folder, "", names);
  const known = new Set(names);
  const chunks = new Map<string, string>();
  for (const name of names.sort()) {
    const chunk = convertChunk(name, await Deno.readTextFile(`${folder}/${name}`), known);
    // deno-lint-ignore no-control-regex
    if (/[^\x00-\x7f]/.test(chunk)) throw new Error(`${name}: holds a character beyond ASCII`);
    try {
      new Function(`return ${scriptOf(chunk + separator)}`);
    } catch (error) {
      throw new Error(`${name}: cannot be packed: ${(error as Error).message}`);
    }
    chunks.set(name, chunk);
  }
  return chunks;
}

async function walk(folder: string, under: string, into: string[]): Promise<void> {
  for await (const entry of Deno.readDir(`${folder}/${under}`)) {
    if (entry.isDirectory) await walk(folder, `${under}${entry.name}/`, into);
    else if (entry.name.endsWith(".js")) into.push(under + entry.name);
  }
}

/** The pack of `chunks`, with those of the same groups side by side. */
export function packChunks(
  chunks: ReadonlyMap<string, string>,
  groups: ReadonlyMap<string, Group>,
): CodePack {
  const roles = [...groups.keys()].sort();
  const rolesOf = (name: string) => roles.filter((role) => groups.get(role)!.names.includes(name));
  const order = [...chunks.keys()]
    .map((name) => ({ name, roles: rolesOf(name) }))
    .sort((a, b) => compare(a.roles.join(), b.roles.join()) || compare(a.name, b.name));
  const parts: Uint8Array[] = [];
  let length = 0;
  const add = (bytes: Uint8Array): Piece => {
    parts.push(bytes);
    length += bytes.length;
    return [length - bytes.length, bytes.length];
  };
  const encoder = new TextEncoder();
  const places: Record<string, Piece> = {};
  const texts = new Map<string, Piece[]>(roles.map((role) => [role, []]));
  for (const { name, roles } of order) {
    const place = places[name] = add(encoder.encode(chunks.get(name)! + separator));
    for (const role of roles) addPiece(texts.get(role)!, place);
  }
  const groupPlaces: Record<string, GroupPlace> = {};
  for (const role of roles) {
    const { cache } = groups.get(role)!;
    groupPlaces[role] = {
      texts: texts.get(role)!,
      cache: cache === null ? null : add(cache),
    };
  }
  return { groups: groupPlaces, chunks: places, body: concat(parts) };
}

/** Adds a piece, to the last one where they meet. */
function addPiece(pieces: Piece[], [offset, length]: Piece): void {
  const last = pieces.at(-1);
  if (last !== undefined && last[0] + last[1] === offset) {
    pieces[pieces.length - 1] = [last[0], last[1] + length];
  } else pieces.push([offset, length]);
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
