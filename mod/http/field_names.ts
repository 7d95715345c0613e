import { FieldKind } from "./message_head.ts";

const names: Record<string, FieldKind> = {
  "host": FieldKind.host,
  "content-length": FieldKind.contentLength,
  "expect": FieldKind.expect,
  "trailer": FieldKind.trailer,
  "connection": FieldKind.connection,
  "transfer-encoding": FieldKind.transferEncoding,
  "upgrade": FieldKind.upgrade,
  "te": FieldKind.te,
  "keep-alive": FieldKind.keepAlive,
  "proxy-connection": FieldKind.proxyConnection,
};

/** Index: length * 32 + (first letter & 31). No two names above share a slot. */
const kindOfSlot = new Uint8Array(32 * 32);
const lowerNames: Uint8Array[] = [];
const longestName = 17;
for (const [name, kind] of Object.entries(names)) {
  const slot = name.length * 32 + (name.charCodeAt(0) & 31);
  if (kindOfSlot[slot] !== 0) throw new Error(`Cannot place field name: slot of ${name} is taken`);
  kindOfSlot[slot] = kind;
  lowerNames[kind] = Uint8Array.from(name, (letter) => letter.charCodeAt(0));
}

/**
 * The kind of the field name `[start, end)`, whose bytes are known to be token bytes. Among those,
 * `| 0x20` maps only A-Z to a-z, and maps no other byte to `-`.
 */
export function fieldKind(bytes: Uint8Array, start: number, end: number): number {
  const length = end - start;
  if (length > longestName) return 0;
  const kind = kindOfSlot[length * 32 + (bytes[start] & 31)];
  if (kind === 0) return 0;
  const name = lowerNames[kind];
  for (let i = 0; i < length; i++) if ((bytes[start + i] | 0x20) !== name[i]) return 0;
  return kind;
}
