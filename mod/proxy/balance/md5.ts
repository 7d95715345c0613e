/** MD5 (RFC 1321) of short texts, computed at start: nginx's names of peers in cookies. */

/** Left rotations by round; each row is cycled over 16 steps. */
const rotations = [[7, 12, 17, 22], [5, 9, 14, 20], [4, 11, 16, 23], [6, 10, 15, 21]];
const sines = Int32Array.from(
  { length: 64 },
  (_, i) => Math.floor(2 ** 32 * Math.abs(Math.sin(i + 1))),
);

/** The MD5 of `text` as 32 lower-case hexadecimal digits. */
export function md5Text(text: string): string {
  const source = new TextEncoder().encode(text);
  const bytes = new Uint8Array(((source.length + 8 >> 6) + 1) * 64);
  bytes.set(source);
  bytes[source.length] = 0x80;
  const view = new DataView(bytes.buffer);
  view.setUint32(bytes.length - 8, source.length * 8, true);
  const state = Int32Array.of(0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476);
  for (let at = 0; at < bytes.length; at += 64) addBlock(state, view, at);
  const digest = new Uint8Array(16);
  const out = new DataView(digest.buffer);
  state.forEach((word, index) => out.setInt32(4 * index, word, true));
  return digest.toHex();
}

function addBlock(state: Int32Array, view: DataView, at: number): void {
  let [a, b, c, d] = state;
  for (let i = 0; i < 64; i++) {
    const round = i >> 4;
    const mixed = round === 0
      ? b & c | ~b & d
      : round === 1
      ? d & b | ~d & c
      : round === 2
      ? b ^ c ^ d
      : c ^ (b | ~d);
    const word = [i, 5 * i + 1, 3 * i + 5, 7 * i][round] & 15;
    const sum = a + mixed + sines[i] + view.getInt32(at + 4 * word, true) | 0;
    const by = rotations[round][i & 3];
    [a, d, c, b] = [d, c, b, b + (sum << by | sum >>> 32 - by) | 0];
  }
  state[0] += a;
  state[1] += b;
  state[2] += c;
  state[3] += d;
}
