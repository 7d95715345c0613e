import { assert, assertEquals } from "@std/assert";
import {
  describeHeaderFault,
  HeaderFault,
  parseProxyHeader,
  ProxyHeader,
} from "../../../mod/proxy_protocol/mod.ts";
import { type HeaderRow, headerRows } from "./rows.ts";

const header = new ProxyHeader();
/** Bytes after a header; they must not be examined. */
const tail = Uint8Array.from("\r\nPROXY", (char) => char.charCodeAt(0));

/** The row's bytes at offset `at`, followed by `tail`. */
function placed(row: HeaderRow, at: number): Uint8Array {
  const bytes = new Uint8Array(at + row.bytes.length + tail.length).fill(0x50);
  bytes.set(row.bytes, at);
  bytes.set(tail, at + row.bytes.length);
  return bytes;
}

for (const row of headerRows) {
  Deno.test(`parseProxyHeader: ${row.name}`, () => {
    const at = 3;
    const bytes = placed(row, at);
    const end = at + row.bytes.length;
    const result = parseProxyHeader(header, bytes, at, bytes.length);
    if (typeof row.expected === "string") {
      assertEquals(result, HeaderFault[row.expected]);
    } else {
      assertEquals(result, end);
      assertEquals([header.source, header.destination], [...row.expected]);
      assertEquals(header.version, row.name.startsWith("v1") ? 1 : 2);
    }
    // Every prefix is partial, until the result is that of the whole.
    let seen = 0;
    for (let cut = at; cut <= end && seen === 0; cut++) {
      seen = parseProxyHeader(header, bytes, at, cut);
    }
    assertEquals(seen, result);
  });
}

Deno.test("parseProxyHeader clears the result of the previous header", () => {
  const [first] = headerRows;
  parseProxyHeader(header, first.bytes, 0, first.bytes.length);
  assert(header.source !== null);
  parseProxyHeader(header, first.bytes, 0, 4);
  assertEquals([header.version, header.source, header.destination], [0, null, null]);
});

Deno.test("describeHeaderFault has a phrase for every fault", () => {
  for (const fault of Object.values(HeaderFault)) assert(describeHeaderFault(fault).length > 10);
});
