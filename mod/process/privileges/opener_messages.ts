/**
 * What a process without root asks of its root parent, and the answers: JSON in one packet each, with
 * descriptors (SCM_RIGHTS, unix(7)). The requests of all processes of a generation come over one
 * socket; each brings a socket of its own for the answer, so that no answer reaches another process.
 */
import type { Address } from "../../base/address.ts";
import {
  count,
  flag,
  list,
  nullable,
  oneOf,
  record,
  type Shape,
  tagged,
  text,
  whole,
} from "../../base/shape.ts";

/** Changes when a request changes its meaning. Parent and child may be of different releases. */
export const openerVersion = 1;

/** Longer packets are not sent by this program, and not read. */
export const packetBytesMax = 64 * 1024;

/** Splits texts into lists that fit into one packet each; at least one list. */
export function splitForPackets(texts: readonly string[]): string[][] {
  const lists: string[][] = [[]];
  let length = 0;
  for (const each of texts) {
    // A path has at most 4096 bytes (PATH_MAX), and JSON takes up to six bytes for one.
    if (length > packetBytesMax / 2) {
      lists.push([]);
      length = 0;
    }
    lists[lists.length - 1].push(each);
    length += new TextEncoder().encode(JSON.stringify(each)).length + 1;
  }
  return lists;
}

/** Names the descriptor of the socket; `:keeper` follows it where the parent does nothing else. */
export const openerVariable = "HAYATE_OPENER";

/** Options of a socket; see `ListenOptions` of net. */
export interface ListenWish {
  readonly reusePort: boolean;
  readonly backlog: number | null;
  readonly mode: number | null;
  readonly v6Only: boolean;
  /** False: bound alone; its server calls listen(2). */
  readonly listening: boolean;
}

export type OpenerRequest =
  /** Before the seal: what may be asked for. A list is sent in several packets. */
  | { readonly op: "grant"; readonly grants: readonly string[] }
  /** Nothing is granted any more. Whose rights requests must not exceed by other paths. */
  | { readonly op: "seal"; readonly uid: number; readonly gids: readonly number[] }
  /** A descriptor to read from. */
  | { readonly op: "read"; readonly path: string }
  /** See `stampOf`; the stamps in JSON, null for a path that is not granted. */
  | { readonly op: "stamp"; readonly paths: readonly string[] }
  /** A descriptor to append to; the file is created. */
  | { readonly op: "append"; readonly path: string }
  /** Whether `append` would work; creates nothing. */
  | { readonly op: "appendable"; readonly path: string }
  /** Renames PATH to PATH.1 and so on, if it still is the file of these numbers. */
  | {
    readonly op: "rotate";
    readonly path: string;
    readonly backupCount: number;
    readonly dev: number;
    readonly ino: number;
  }
  /** Comes with the descriptor of a file in memory, whose content replaces that of PATH. */
  | { readonly op: "replace"; readonly path: string }
  /** Comes with the descriptor of the command's input. A second answer says how it has ended. */
  | { readonly op: "run"; readonly command: string }
  /** A descriptor of a bound socket. */
  | { readonly op: "listen"; readonly address: Address; readonly wish: ListenWish }
  /** Renames a socket `PATH.SUFFIX` over PATH. */
  | { readonly op: "rename"; readonly path: string; readonly suffix: string }
  /** The inode number of the socket at PATH, in decimal. */
  | { readonly op: "inode"; readonly path: string }
  /** Removes the socket at PATH, if it still is the one of this inode number. */
  | { readonly op: "remove"; readonly path: string; readonly ino: number }
  /** The parent reads the configuration again, and grants what it names now. */
  | { readonly op: "refresh" };

export interface OpenerAnswer {
  /** null: done. `denied`: not granted. */
  readonly fault: "missing" | "denied" | "other" | null;
  /** The reason, or the text that was asked for. */
  readonly text: string;
}

const address: Shape = tagged("kind", {
  unix: record<{ path: string }>({ path: text }),
  tcp: record<{ host: string; port: number }>({ host: text, port: whole(0, 65_535) }),
});
const wish = record<ListenWish>({
  reusePort: flag,
  backlog: nullable(count),
  mode: nullable(whole(0, 0o777)),
  v6Only: flag,
  listening: flag,
});
const onPath = record<{ path: string }>({ path: text });
const id = whole(0, 0xffff_fffe);

/** A request and the version that it is written in. */
export const requestShape: Shape = (value) =>
  record<{ version: number }>({ version: oneOf(openerVersion) })(value) ?? tagged("op", {
    grant: record<{ grants: string[] }>({ grants: list(text) }),
    seal: record<{ uid: number; gids: number[] }>({ uid: id, gids: list(id) }),
    read: onPath,
    stamp: record<{ paths: string[] }>({ paths: list(text) }),
    append: onPath,
    appendable: onPath,
    rotate: record<{ path: string; backupCount: number; dev: number; ino: number }>({
      path: text,
      backupCount: whole(1, 10_000),
      dev: count,
      ino: count,
    }),
    replace: onPath,
    run: record<{ command: string }>({ command: text }),
    listen: record<{ address: Address; wish: ListenWish }>({ address, wish }),
    rename: record<{ path: string; suffix: string }>({ path: text, suffix: text }),
    inode: onPath,
    remove: record<{ path: string; ino: number }>({ path: text, ino: count }),
    refresh: record<object>({}),
  })(value);

export const answerShape: Shape = record<OpenerAnswer>({
  fault: nullable(oneOf("missing", "denied", "other")),
  text,
});
