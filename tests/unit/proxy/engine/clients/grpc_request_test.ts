import { assertEquals } from "@std/assert";
import { latin1Bytes, RequestHead } from "../../../../../mod/http/mod.ts";
import { defaultLimits, parseRequestHead } from "../../../../../mod/http1/mod.ts";
import {
  grpcTimeoutMs,
  isGrpcRequest,
} from "../../../../../mod/proxy/engine/clients/grpc_request.ts";

function headOf(line: string, ...fields: readonly string[]): RequestHead {
  const head = new RequestHead();
  const bytes = latin1Bytes([line, "Host: h", ...fields, "", ""].join("\r\n"));
  parseRequestHead(head, bytes, 0, bytes.length, defaultLimits, 0);
  return head;
}

Deno.test("isGrpcRequest() knows calls by method and content type", () => {
  const rows: readonly (readonly [type: string, expected: boolean])[] = [
    ["application/grpc", true],
    ["application/grpc+proto", true],
    ["Application/gRPC; charset=x", true],
    ["application/grpc-web", false],
    ["application/grpcx", false],
    ["text/plain", false],
  ];
  for (const [type, expected] of rows) {
    assertEquals(isGrpcRequest(headOf("POST / HTTP/1.1", `Content-Type: ${type}`)), expected, type);
  }
  assertEquals(isGrpcRequest(headOf("GET / HTTP/1.1", "Content-Type: application/grpc")), false);
  assertEquals(isGrpcRequest(headOf("POST / HTTP/1.1")), false);
});

Deno.test("grpcTimeoutMs() reads digits and a unit, and nothing else", () => {
  const rows: readonly (readonly [text: string, expectedMs: number])[] = [
    ["1H", 3_600_000],
    ["2M", 120_000],
    ["3S", 3000],
    ["250m", 250],
    ["2500u", 2.5],
    ["1n", 1],
    ["99999999S", 99_999_999_000],
    ["123456789S", 0],
    ["1", 0],
    ["S", 0],
    ["1.5S", 0],
    ["-1S", 0],
  ];
  for (const [text, expectedMs] of rows) {
    assertEquals(
      grpcTimeoutMs(headOf("POST / HTTP/1.1", `grpc-timeout: ${text}`)),
      expectedMs,
      text,
    );
  }
  assertEquals(grpcTimeoutMs(headOf("POST / HTTP/1.1")), 0);
});
