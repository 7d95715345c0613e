/** The proof that a server has understood a WebSocket handshake (RFC 6455 4.2.2). */

/** Appended to the client's key before it is hashed. */
const keySuffix = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

/** RFC 6455 4.2.2: base64 of SHA-1 over key and suffix. */
export function acceptKey(key: string): string {
  return sha1(new TextEncoder().encode(key + keySuffix)).toBase64();
}

/** SHA-1 (FIPS 180-4). Web Crypto is asynchronous, and the response is needed at once. */
function sha1(message: Uint8Array): Uint8Array {
  const blocks = Math.ceil((message.length + 9) / 64);
  const padded = new Uint8Array(blocks * 64);
  padded.set(message);
  padded[message.length] = 0x80;
  const view = new DataView(padded.buffer);
  view.setUint32(padded.length - 4, message.length * 8);
  const state = new Int32Array([0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0]);
  for (let at = 0; at < padded.length; at += 64) mixBlock(state, view, at);
  const digest = new DataView(new ArrayBuffer(20));
  state.forEach((word, i) => digest.setInt32(4 * i, word));
  return new Uint8Array(digest.buffer);
}

function mixBlock(state: Int32Array, view: DataView, at: number): void {
  const words = new Int32Array(80);
  for (let i = 0; i < 16; i++) words[i] = view.getInt32(at + 4 * i);
  for (let i = 16; i < 80; i++) {
    words[i] = rotate(words[i - 3] ^ words[i - 8] ^ words[i - 14] ^ words[i - 16], 1);
  }
  let [a, b, c, d, e] = state;
  for (let i = 0; i < 80; i++) {
    const mixed = (rotate(a, 5) + round(i, b, c, d) + e + words[i]) | 0;
    e = d;
    d = c;
    c = rotate(b, 30);
    b = a;
    a = mixed;
  }
  [a, b, c, d, e].forEach((word, i) => state[i] += word);
}

function round(i: number, b: number, c: number, d: number): number {
  if (i < 20) return ((b & c) | (~b & d)) + 0x5a827999;
  if (i < 40) return (b ^ c ^ d) + 0x6ed9eba1;
  if (i < 60) return ((b & c) | (b & d) | (c & d)) + 0x8f1bbcdc;
  return (b ^ c ^ d) + 0xca62c1d6;
}

function rotate(word: number, bits: number): number {
  return (word << bits) | (word >>> (32 - bits));
}
