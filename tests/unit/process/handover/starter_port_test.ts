import { assertEquals, assertThrows } from "@std/assert";
import { StartError } from "../../../../mod/base/errors.ts";
import {
  formatStarterPort,
  parseStarterPort,
} from "../../../../mod/process/handover/starter_port.ts";

Deno.test("parseStarterPort() divides at the last `=`, formatStarterPort() spells it back", () => {
  const text = "8080=4;[::1]:80=6;/a=b.sock=7";
  const sockets = parseStarterPort(text);
  assertEquals(sockets.map(({ name, fd }) => [name, fd]), [
    ["8080", 4],
    ["[::1]:80", 6],
    ["/a=b.sock", 7],
  ]);
  assertEquals(formatStarterPort(sockets), text);
});

Deno.test("parseStarterPort() refuses what names no socket, with exit code 78", () => {
  for (const text of ["", "8080", "8080=", "8080=4;", "=x", "8080=4294967299"]) {
    const error = assertThrows(() => parseStarterPort(text), StartError, "$SERVER_STARTER_PORT");
    assertEquals(error.exitCode, 78);
  }
});
