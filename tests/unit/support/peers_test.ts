import { assert, assertEquals } from "@std/assert";
import { findPeer, peerPath } from "../../support/peers.ts";

Deno.test("findPeer() gives a full path, and null for a program that is not installed", () => {
  assert(findPeer("sh")?.startsWith("/"));
  assertEquals(findPeer("no-such-program-anywhere"), null);
});

Deno.test("peerPath() names the program that is missing", () => {
  let message = "";
  try {
    peerPath("no-such-program-anywhere");
  } catch (error) {
    message = (error as Error).message;
  }
  assertEquals(message, "Cannot run no-such-program-anywhere: it is not installed");
});
