/**
 * libc over FFI: users and groups (passwd(5), group(5), nsswitch.conf(5)), and those of this process
 * (credentials(7)).
 *
 * glibc changes the user of every thread (nptl(7)), which the bare system calls do not.
 */
import { lazySymbols } from "./lazy_symbols.ts";

const symbols = {
  /** All three return an errno number; the result pointer stays 0 where nothing is found. */
  getpwnam_r: { parameters: ["buffer", "buffer", "buffer", "u32", "buffer"], result: "i32" },
  getpwuid_r: { parameters: ["u32", "buffer", "buffer", "u32", "buffer"], result: "i32" },
  getgrnam_r: { parameters: ["buffer", "buffer", "buffer", "u32", "buffer"], result: "i32" },
  getgrouplist: { parameters: ["buffer", "u32", "buffer", "buffer"], result: "i32" },
  setgroups: { parameters: ["u32", "buffer"], result: "i32" },
  setresgid: { parameters: ["u32", "u32", "u32"], result: "i32" },
  setresuid: { parameters: ["u32", "u32", "u32"], result: "i32" },
} as const;

/** The calls by their C names; after -1, `errno()` of libc.ts has the reason. */
export const libcUsers = lazySymbols(symbols);

/** An entry of the user database. */
export interface UserEntry {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
  readonly home: string;
}

/** Room for one entry's texts: usually enough, and the most, for a group with thousands of members. */
const textBytes = { first: 4096, most: 1 << 20 };
/** ERANGE: the texts do not fit. */
const tooSmall = 34;
/** sizeof(struct passwd) is 48 and of struct group 32 where a pointer has 8 bytes. */
const structBytes = 64;

/** The user of that name or uid; null: there is none. Throws with glibc's errno on other failures. */
export function findUserEntry(user: string | number): UserEntry | null {
  const entry = lookUp((into, texts, size, result) =>
    typeof user === "number"
      ? libcUsers.getpwuid_r(user, into, texts, size, result)
      : libcUsers.getpwnam_r(cText(user), into, texts, size, result)
  );
  if (entry === null) return null;
  // struct passwd: name, password, uid, gid, gecos, home, shell.
  return {
    name: textAt(entry, 0),
    uid: entry.getUint32(16, true),
    gid: entry.getUint32(20, true),
    home: textAt(entry, 32),
  };
}

/** The gid of a group; null: there is none. */
export function findGroupId(name: string): number | null {
  const entry = lookUp((into, texts, size, result) =>
    libcUsers.getgrnam_r(cText(name), into, texts, size, result)
  );
  // struct group: name, password, gid, members.
  return entry?.getUint32(16, true) ?? null;
}

/** Every group of the user, `gid` among them (getgrouplist(3)). */
export function groupsOf(name: string, gid: number): number[] {
  const count = new Int32Array([64]);
  let groups = new Uint32Array(count[0]);
  // -1: they do not fit; the count says how many there are.
  if (libcUsers.getgrouplist(cText(name), gid, groups, count) < 0) {
    groups = new Uint32Array(count[0]);
    libcUsers.getgrouplist(cText(name), gid, groups, count);
  }
  return [...groups.subarray(0, Math.max(0, Math.min(count[0], groups.length)))];
}

type LookUp = (
  into: Uint8Array<ArrayBuffer>,
  texts: Uint8Array<ArrayBuffer>,
  size: number,
  result: BigUint64Array<ArrayBuffer>,
) => number;

function lookUp(call: LookUp): DataView | null {
  const into = new Uint8Array(structBytes);
  const result = new BigUint64Array(1);
  let texts = new Uint8Array(textBytes.first);
  while (call(into, texts, texts.length, result) === tooSmall && texts.length < textBytes.most) {
    texts = new Uint8Array(4 * texts.length);
  }
  // The entry points into the texts: they are alive as long as the view.
  return result[0] === 0n ? null : Object.assign(new DataView(into.buffer), { texts });
}

function textAt(entry: DataView, offset: number): string {
  const pointer = Deno.UnsafePointer.create(entry.getBigUint64(offset, true));
  return pointer === null ? "" : Deno.UnsafePointerView.getCString(pointer);
}

function cText(text: string): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(`${text}\0`);
}
