import { assertEquals } from "@std/assert";
import { latin1Bytes, RequestHead } from "../../../../../mod/http/mod.ts";
import { KeptAuthority } from "../../../../../mod/proxy/engine/forward/kept_authority.ts";

/** Every head uses the same bytes, as those of a connection do. */
const bytes = new Uint8Array(400);

function headOf(host: string | null): RequestHead {
  const head = new RequestHead();
  bytes.fill(0x2e);
  head.bytes = bytes;
  if (host !== null) {
    bytes.set(latin1Bytes(host), 7);
    head.hostStart = 7;
    head.hostEnd = 7 + host.length;
  }
  return head;
}

Deno.test("each exchange keeps its own host, however many are alike", () => {
  // Hundreds have the same length, first letter and last letter.
  const hosts = Array.from({ length: 500 }, (_, i) => `a${String(i).padStart(3, "0")}.example`);
  const kept = [...hosts, ...hosts].map((host) => {
    const authority = new KeptAuthority();
    authority.keep(headOf(host));
    return authority;
  });
  assertEquals(kept.map((authority) => authority.text()), [...hosts, ...hosts]);
});

Deno.test("a host that is missing, empty or too long", () => {
  const authority = new KeptAuthority();
  for (const host of ["b.example:8080", null, "", "x".repeat(300), "c.example"]) {
    authority.keep(headOf(host));
    assertEquals(authority.text(), (host ?? "").slice(0, 256));
  }
});
