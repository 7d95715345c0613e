import { assertEquals } from "@std/assert";
import { md5Text } from "../../../../mod/proxy/balance/md5.ts";

// RFC 1321, A.5.
const vectors: readonly (readonly [string, string])[] = [
  ["", "d41d8cd98f00b204e9800998ecf8427e"],
  ["a", "0cc175b9c0f1b6a831c399e269772661"],
  ["abc", "900150983cd24fb0d6963f7d28e17f72"],
  ["message digest", "f96b697d7cb7938d525a2f31aaf161d0"],
  ["abcdefghijklmnopqrstuvwxyz", "c3fcd3d76192e4007dfb496cca67e13b"],
  [
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789",
    "d174ab98d277d9f5a5611c2c9f419d9f",
  ],
  ["1234567890".repeat(8), "57edf4a22be3c955ac49da2e2107b67a"],
];

Deno.test("md5Text() returns the digests of RFC 1321", () => {
  for (const [text, digest] of vectors) assertEquals(md5Text(text), digest, text);
});

Deno.test("md5Text() pads texts of every length around a block like md5sum", () => {
  // Lengths at which the padding needs one more block.
  assertEquals(md5Text("x".repeat(55)), "04364420e25c512fd958a70738aa8f72");
  assertEquals(md5Text("x".repeat(56)), "668a72d5ba17f08e62dabcafad6db14b");
  assertEquals(md5Text("x".repeat(64)), "c1bb4f81d892b2d57947682aeb252456");
});
