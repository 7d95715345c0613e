import { assertEquals } from "@std/assert";
import { formatAddress } from "../../../mod/base/address.ts";

Deno.test("formatAddress() writes addresses as Server::Starter does", () => {
  assertEquals(formatAddress({ kind: "tcp", host: "127.0.0.1", port: 80 }), "127.0.0.1:80");
  assertEquals(formatAddress({ kind: "tcp", host: "::1", port: 8080 }), "[::1]:8080");
  assertEquals(formatAddress({ kind: "tcp", host: "0.0.0.0", port: 0 }), "0.0.0.0:0");
  assertEquals(formatAddress({ kind: "unix", path: "/run/a.sock" }), "/run/a.sock");
});
