import { assertEquals } from "@std/assert";
import { StartError } from "../../../mod/base/errors.ts";
import { errnoName, listenError, peerError } from "../../../mod/net/deno_errors.ts";

Deno.test("errnoName() uses an error's code, else its class", () => {
  const withCode = Object.assign(new Error("x"), { code: "EHOSTUNREACH" });
  assertEquals(errnoName(withCode), "EHOSTUNREACH");
  assertEquals(errnoName(new Deno.errors.ConnectionRefused("x")), "ECONNREFUSED");
  assertEquals(errnoName(new Deno.errors.NotCapable("x")), "EACCES");
  assertEquals(errnoName(Object.assign(new Error("x"), { code: "ERR_NODE" })), "EIO");
  assertEquals(errnoName("x"), "EIO");
});

Deno.test("peerError() keeps the system's phrase without its number", () => {
  const cause = new Deno.errors.ConnectionReset("Connection reset by peer (os error 104)");
  const error = peerError(cause, "upstream", false);
  assertEquals(
    [error.code, error.source, error.message, error.retrySafe],
    ["ECONNRESET", "upstream", "connection reset by peer", false],
  );
  assertEquals(error.cause, cause);
});

Deno.test("listenError() is one line that names the address", () => {
  const port: { kind: "tcp"; host: string; port: number } = { kind: "tcp", host: "::", port: 80 };
  const path = { kind: "unix", path: "/run/a.sock" } as const;
  const rows = [
    [new Deno.errors.AddrInUse("x"), port, "[::]:80 in use: another process listens on it"],
    [
      new Deno.errors.PermissionDenied("x"),
      port,
      "[::]:80: no permission; ports below 1024 need root or CAP_NET_BIND_SERVICE",
    ],
    [
      new Deno.errors.PermissionDenied("Permission denied (os error 13)"),
      path,
      "/run/a.sock: cannot listen: permission denied",
    ],
    [new Deno.errors.AddrNotAvailable("x"), port, "[::]:80: this host has no such address"],
    [new StartError("as it is"), port, "as it is"],
  ] as const;
  for (const [cause, address, expected] of rows) {
    assertEquals(listenError(cause, address).message, expected);
  }
});
