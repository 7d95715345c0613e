/** h2o's file of session ticket keys. */
import { assertEquals, assertMatch, assertThrows } from "@std/assert";
import { readTicketFile } from "../../../../mod/tls/sessions/ticket_file.ts";
import { tempFolder } from "../../../support/ports.ts";
import { ticketKeyText } from "../../../support/ticket_keys.ts";

async function read(text: string) {
  await using folder = await tempFolder();
  return readTicketFile(await folder.write("tickets.yaml", text));
}

Deno.test("Keys are read as h2o writes them, newest first", async () => {
  const text = ticketKeyText({ name: "11".repeat(16), notBefore: 100, notAfter: 900 }) +
    ticketKeyText({
      name: "22".repeat(16),
      notBefore: 500,
      notAfter: 1300,
      cipher: "aes-128-cbc",
      hash: "sha512",
      key: "ab".repeat(16) + "cd".repeat(128),
    });
  const [newest, oldest] = await read(text);
  assertEquals([newest.name.toHex(), newest.notBefore, newest.notAfter], [
    "22".repeat(16),
    500,
    1300,
  ]);
  assertEquals([newest.cipher, newest.cipherKey.toHex()], ["AES-128-CBC", "ab".repeat(16)]);
  assertEquals([newest.hash, newest.hashKey.toHex()], ["SHA512", "cd".repeat(128)]);
  assertEquals([oldest.cipher, oldest.hash], ["AES-256-CBC", "SHA256"]);
  assertEquals([oldest.cipherKey.length, oldest.hashKey.length], [32, 64]);
});

const good = ticketKeyText();
const faults: readonly [what: string, text: string, reason: RegExp][] = [
  ["no keys", "", /contains no session ticket key/],
  ["a mapping", "name: x", /a sequence .* is expected/],
  ["a word", "- x", /tickets\.yaml:1\] session ticket key: a mapping/],
  ["no YAML", "- {", /not valid YAML/],
  ["another file", "- !file /etc/passwd", /./],
  ["a missing value", good.replace(/ {2}hash.*\n/, ""), /hash missing/],
  ["a short name", good.replace(/name: \w\w/, "name: "), /name: 32 hexadecimal digits/],
  ["a cipher with its own MAC", good.replace("AES-256-CBC", "AES-256-GCM"), /cipher: allowed/],
  ["an old hash", good.replace("SHA256", "MD5"), /hash: allowed are SHA1/],
  ["a short key", good.replace(/key: \w\w/, "key: "), /key: 192 hexadecimal digits/],
  ["swapped times", ticketKeyText({ notBefore: 9, notAfter: 8 }), /not_before and not_after/],
];

for (const [what, text, reason] of faults) {
  Deno.test(`A file with ${what} is refused, and no message shows a key`, async () => {
    await using folder = await tempFolder();
    const file = await folder.write("tickets.yaml", text);
    const { message } = assertThrows(() => readTicketFile(file), Error);
    assertMatch(message, reason);
    assertEquals(/[0-9a-f]{30}/.test(message.replace(file, "")), false, message);
  });
}
