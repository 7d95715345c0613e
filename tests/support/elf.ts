/** Executables for tests of what lies in them. */

/** An ELF header that says that the file ends after `length` bytes, in one entry of 24 at its end. */
export function elfOf(length: number, payload: Uint8Array): Uint8Array {
  const file = new Uint8Array(length + payload.length);
  const view = new DataView(file.buffer);
  view.setBigUint64(0x28, BigInt(length - 24), true);
  view.setUint16(0x3a, 24, true);
  view.setUint16(0x3c, 1, true);
  file.set(payload, length);
  return file;
}
