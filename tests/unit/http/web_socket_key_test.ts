import { assertEquals } from "@std/assert";
import { acceptKey } from "../../../mod/http/web_socket_key.ts";

Deno.test("acceptKey() is that of RFC 6455 section 1.3", () => {
  assertEquals(acceptKey("dGhlIHNhbXBsZSBub25jZQ=="), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
});
