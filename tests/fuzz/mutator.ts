import { latin1Bytes } from "../../mod/http/mod.ts";
import type { Random } from "./random.ts";

/** Longer streams only slow the fuzzer down; limits have their own vectors. */
const streamBytesMax = 4096;

/** Pieces with meaning to an HTTP/1.1 parser, inserted in wrong places. */
const pieces: readonly Uint8Array[] = [
  "\r\n",
  "\r\n\r\n",
  "\n",
  "\r",
  "\n\n",
  "\r\r\n",
  " ",
  "\t",
  ":",
  ",",
  ";",
  "\0",
  "\x0b",
  "\x7f",
  "\x80",
  "\xff",
  " \r\n",
  "\r\n ",
  "\r\n\t",
  "GET / HTTP/1.1\r\nHost: a\r\n\r\n",
  "HEAD / HTTP/1.1\r\nHost: a\r\n\r\n",
  "OPTIONS * HTTP/1.1\r\n",
  "CONNECT a:1 HTTP/1.1\r\n",
  "HTTP/1.1",
  "HTTP/1.0",
  "HTTP/1.1 200 OK\r\n",
  "HTTP/1.1 204 No Content\r\n",
  "HTTP/1.1 100 Continue\r\n\r\n",
  "http://a",
  "Host: a\r\n",
  "Content-Length: 5\r\n",
  "Content-Length: 0\r\n",
  "Content-Length:",
  "content-length: 18446744073709551621\r\n",
  "Transfer-Encoding: chunked\r\n",
  "Transfer-Encoding: gzip, chunked\r\n",
  "Transfer-Encoding:",
  "chunked",
  "Connection: close\r\n",
  "Connection: keep-alive, upgrade\r\n",
  "Upgrade: websocket\r\n",
  "Expect: 100-continue\r\n",
  "0\r\n\r\n",
  "0\r\nX: y\r\n\r\n",
  "5\r\nhello\r\n",
  "ffffffffffffffff\r\n",
  "1;a=b\r\nx\r\n",
].map((text) => latin1Bytes(text));

/** A stream of `corpus` with one to eight changes. */
export function mutate(random: Random, corpus: readonly Uint8Array[]): Uint8Array {
  let stream = random.pick(corpus);
  for (let rounds = 1 + random.below(random.oneIn(4) ? 8 : 3); rounds > 0; rounds--) {
    stream = change(random, stream, corpus);
  }
  return stream.length > streamBytesMax ? stream.subarray(0, streamBytesMax) : stream;
}

function change(random: Random, stream: Uint8Array, corpus: readonly Uint8Array[]): Uint8Array {
  const at = random.below(stream.length + 1);
  const end = Math.min(stream.length, at + 1 + random.below(random.oneIn(3) ? 64 : 4));
  switch (random.below(9)) {
    case 0: {
      const flipped = stream.slice();
      if (at < stream.length) flipped[at] ^= 1 << random.below(8);
      return flipped;
    }
    case 1: {
      const replaced = stream.slice();
      if (at < stream.length) replaced[at] = random.below(256);
      return replaced;
    }
    case 2:
      return join(stream.subarray(0, at), stream.subarray(end));
    case 3:
      return join(stream.subarray(0, end), stream.subarray(at));
    case 4: {
      const other = random.pick(corpus);
      return join(stream.subarray(0, at), other.subarray(random.below(other.length + 1)));
    }
    case 5:
      return join(stream, random.pick(corpus));
    case 6:
      return stream.slice(0, at);
    case 7:
      return join(stream.subarray(0, at), random.pick(pieces), stream.subarray(end));
    default:
      return join(stream.subarray(0, at), random.pick(pieces), stream.subarray(at));
  }
}

function join(...parts: readonly Uint8Array[]): Uint8Array {
  const joined = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    joined.set(part, at);
    at += part.length;
  }
  return joined;
}
