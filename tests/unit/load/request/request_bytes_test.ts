import { assertEquals } from "@std/assert";
import {
  buildRequest,
  parseHeader,
  type RequestParts,
} from "../../../../mod/load/request/request_bytes.ts";

const plain: RequestParts = {
  method: "GET",
  path: "/",
  authority: "h:1",
  headers: [],
  body: null,
  http10: false,
  keepalive: true,
};

function text(changes: Partial<RequestParts>): string {
  return new TextDecoder().decode(buildRequest({ ...plain, ...changes }));
}

Deno.test("buildRequest() sends Host and nothing else, as wrk does", () => {
  assertEquals(text({}), "GET / HTTP/1.1\r\nHost: h:1\r\n\r\n");
});

Deno.test("buildRequest() lets the user's fields replace its own", () => {
  const headers = [{ name: "host", value: "x" }, { name: "Connection", value: "Upgrade" }];
  assertEquals(
    text({ headers, keepalive: false }),
    "GET / HTTP/1.1\r\nhost: x\r\nConnection: Upgrade\r\n\r\n",
  );
});

Deno.test("buildRequest() sends the body's length, also of an empty body", () => {
  const body = new TextEncoder().encode("é");
  assertEquals(
    text({ method: "PUT", body }),
    "PUT / HTTP/1.1\r\nHost: h:1\r\nContent-Length: 2\r\n\r\né",
  );
  assertEquals(
    text({ method: "POST" }),
    "POST / HTTP/1.1\r\nHost: h:1\r\nContent-Length: 0\r\n\r\n",
  );
});

Deno.test("buildRequest() sends the Connection field", () => {
  assertEquals(
    text({ http10: true }).includes("HTTP/1.0\r\nHost: h:1\r\nConnection: keep-alive"),
    true,
  );
  assertEquals(text({ keepalive: false }).includes("Connection: close\r\n"), true);
});

Deno.test("parseHeader() refuses values that would inject another field", () => {
  assertEquals(parseHeader("A: b: c "), { name: "A", value: "b: c" });
  for (const header of ["A: b\r\nC: d", "A: b\nC: d", "A\r\n: b"]) {
    assertEquals(parseHeader(header), "line breaks are not allowed");
  }
  assertEquals(parseHeader("A"), "not Name: value");
  assertEquals(parseHeader("A B: c"), '"A B" is not a header name');
  assertEquals(parseHeader("A: \x00"), "control characters are not allowed");
});
