import { assertEquals } from "@std/assert";
import { ConnectionList } from "../../../../mod/conn/exchange/connection_list.ts";
import type { ServedConnection } from "../../../../mod/conn/exchange/server_host.ts";

interface Named extends ServedConnection {
  readonly name: string;
}

function named(name: string): Named {
  return {
    name,
    isListed: false,
    older: null,
    newer: null,
    exchangeCount: 0,
    beginDrain() {},
    closeIdle: () => false,
    cut() {},
  };
}

function listOf(names: string): { list: ConnectionList; all: Named[] } {
  const list = new ConnectionList();
  const all = [...names].map(named);
  for (const each of all) list.add(each);
  return { list, all };
}

function visited(list: ConnectionList): string {
  let names = "";
  list.visit((connection) => void (names += (connection as Named).name));
  return names;
}

Deno.test("connections are visited in the order in which they came", () => {
  const { list } = listOf("abc");
  assertEquals([list.count, visited(list)], [3, "abc"]);
});

for (const [removed, left] of [["a", "bcd"], ["b", "acd"], ["d", "abc"], ["da", "bc"]]) {
  Deno.test(`the others stay when ${removed} leave`, () => {
    const { list, all } = listOf("abcd");
    for (const each of all) if (removed.includes(each.name)) assertEquals(list.remove(each), true);
    assertEquals([list.count, visited(list)], [left.length, left]);
    for (const each of all) {
      if (!removed.includes(each.name)) continue;
      assertEquals(list.remove(each), false, "it is in no list any more");
      assertEquals([each.older, each.newer], [null, null], "it holds no other in memory");
    }
    assertEquals(list.count, left.length);
  });
}

Deno.test("a list that was emptied takes connections again", () => {
  const { list, all } = listOf("ab");
  for (const each of all) list.remove(each);
  assertEquals([list.count, visited(list)], [0, ""]);
  for (const each of all) list.add(each);
  assertEquals([list.count, visited(list)], [2, "ab"]);
});

Deno.test("a visit goes on when connections leave during it", () => {
  for (const leaving of ["a", "b", "c", "ab", "bc", "abcd"]) {
    const { list, all } = listOf("abcd");
    let names = "";
    list.visit((connection) => {
      names += (connection as Named).name;
      if (names !== "a") return;
      for (const each of all) if (leaving.includes(each.name)) list.remove(each);
    });
    const expected = [..."abcd"].filter((name) => name === "a" || !leaving.includes(name)).join("");
    assertEquals(names, expected, `${leaving} leave while a is visited`);
  }
});

Deno.test("a visit ends when the visitor says so", () => {
  const { list } = listOf("abc");
  let names = "";
  list.visit((connection) => {
    names += (connection as Named).name;
    return names.length < 2;
  });
  assertEquals([names, visited(list)], ["ab", "abc"]);
});
