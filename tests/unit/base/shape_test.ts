import { assertEquals } from "@std/assert";
import {
  count,
  flag,
  list,
  mapOf,
  nullable,
  oneOf,
  optional,
  record,
  shapeFaultOf,
  tagged,
  text,
  whole,
} from "../../../mod/base/shape.ts";

interface Server {
  readonly name: string;
  readonly port: number;
  readonly isDown?: boolean;
}

const server = record<Server>({ name: text, port: whole(1, 65_535), isDown: optional(flag) });
const file = record({ servers: list(server), note: nullable(text), counts: mapOf(count) });

Deno.test("shapeFaultOf() reports the first difference, its place and what was expected", () => {
  const good = { servers: [{ name: "a", port: 80 }], note: null, counts: { "200": 1 } };
  const vectors: [unknown, string | null][] = [
    [good, null],
    // A later version may have written more.
    [{ ...good, more: 1 }, null],
    [null, "the file is null, expected an object"],
    [[], "the file is a list, expected an object"],
    ["x", 'the file is "x", expected an object'],
    [{ ...good, servers: undefined }, "servers is missing, expected a list"],
    [{ ...good, servers: {} }, "servers is an object, expected a list"],
    [{ ...good, servers: [null] }, "servers[0] is null, expected an object"],
    [
      { ...good, servers: [{ name: "a", port: 80 }, { name: 5, port: 80 }] },
      "servers[1].name is 5, expected a string",
    ],
    [
      { ...good, servers: [{ name: "a", port: 65_536 }] },
      "servers[0].port is 65536, expected a whole number from 1 to 65535",
    ],
    [
      { ...good, servers: [{ name: "a", port: 80.5 }] },
      "servers[0].port is 80.5, expected a whole number from 1 to 65535",
    ],
    [
      { ...good, servers: [{ name: "a", port: 80, isDown: null }] },
      "servers[0].isDown is null, expected true or false",
    ],
    [{ ...good, note: 1 }, "note is 1, expected a string"],
    [
      { ...good, counts: { "2\n0": -1 } },
      'counts["2\\n0"] is -1, expected a whole number from 0',
    ],
    // Properties of the prototype are not in the file.
    [
      JSON.parse('{"__proto__":{"servers":[]},"note":null,"counts":{}}'),
      "servers is missing, " +
      "expected a list",
    ],
  ];
  for (const [value, expected] of vectors) {
    assertEquals(shapeFaultOf(value, file, "the file"), expected);
  }
  const long = shapeFaultOf({ name: "a", port: "x".repeat(500) }, server);
  assertEquals(long, `port is "${"x".repeat(40)}"..., expected a whole number from 1 to 65535`);
});

Deno.test("tagged() and oneOf() list what is allowed", () => {
  const address = tagged("kind", {
    tcp: record({ kind: text, host: text }),
    unix: record({ kind: text, path: text }),
  });
  assertEquals(shapeFaultOf({ kind: "unix", path: "/a" }, address), null);
  assertEquals(shapeFaultOf({ kind: "tcp" }, address), "host is missing, expected a string");
  assertEquals(
    shapeFaultOf({ kind: "toString" }, address),
    'kind is "toString", expected "tcp" or "unix"',
  );
  assertEquals(shapeFaultOf({}, address), 'kind is missing, expected "tcp" or "unix"');
  assertEquals(shapeFaultOf(2, oneOf(1, null)), "the value is 2, expected 1 or null");
});
