import { assertEquals } from "@std/assert";
import { type Address, formatAddress } from "../../../../mod/base/address.ts";
import { dialOrder } from "../../../../mod/conn/upstream/dial.ts";

const tcp = (host: string): Address => ({ kind: "tcp", host, port: 80 });

/** addresses -> the order for the first connections. */
const rows: readonly [addresses: string[], orders: string[]][] = [
  [["10.0.0.1"], ["10.0.0.1:80", "10.0.0.1:80"]],
  [["10.0.0.1", "10.0.0.2"], ["10.0.0.1:80 10.0.0.2:80", "10.0.0.2:80 10.0.0.1:80"]],
  // Servers that listen on one family are the rule: the second one comes last.
  [["127.0.0.1", "::1"], ["127.0.0.1:80 [::1]:80", "127.0.0.1:80 [::1]:80"]],
  [["::1", "::2", "127.0.0.1"], [
    "[::1]:80 [::2]:80 127.0.0.1:80",
    "[::2]:80 [::1]:80 127.0.0.1:80",
  ]],
];

for (const [addresses, orders] of rows) {
  Deno.test(`dialOrder(${addresses}) spreads connections over the first family`, () => {
    const found = orders.map((_, turn) =>
      dialOrder(addresses.map(tcp), turn).map(formatAddress).join(" ")
    );
    assertEquals(found, orders);
  });
}
