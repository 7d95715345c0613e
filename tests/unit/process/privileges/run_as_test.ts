import { assertEquals, assertMatch, assertThrows } from "@std/assert";
import { StartError } from "../../../../mod/base/errors.ts";
import { findRunAs } from "../../../../mod/process/privileges/run_as.ts";
import { numberIn } from "../../../../mod/process/files/users.ts";

Deno.test("findRunAs() finds names with their groups, as id(1) does", async () => {
  for (const name of ["root", "nobody", "daemon"]) {
    const id = async (flag: string) => {
      const { stdout } = await new Deno.Command("id", { args: [flag, name] }).output();
      return new TextDecoder().decode(stdout).trim().split(" ").map(Number);
    };
    const { uid, gid, groups } = findRunAs(name, "--user");
    assertEquals([uid], await id("-u"));
    assertEquals([gid], await id("-g"));
    assertEquals([...groups].sort(), (await id("-G")).sort());
  }
});

Deno.test("findRunAs() takes a group, by name or id, instead of the user's first one", () => {
  const adm = numberIn("/etc/group", "adm")!;
  assertEquals(findRunAs("nobody:adm", "--user").gid, adm);
  assertEquals(findRunAs(`nobody:${adm}`, "--user").groups.includes(adm), true);
});

Deno.test("findRunAs() gives an id without an entry the group of its number, and no other", () => {
  assertEquals(findRunAs("3999999", "--user"), {
    name: "3999999",
    uid: 3_999_999,
    gid: 3_999_999,
    groups: [3_999_999],
    home: "/",
  });
  assertEquals(findRunAs("3999999:0", "--user").groups, [0]);
});

for (const text of ["nosuchuser", "nobody:nosuchgroup", "a:b:c", "", "4294967295"]) {
  Deno.test(`findRunAs() refuses ${text || "nothing"} in one line`, () => {
    const { message } = assertThrows(() => findRunAs(text, "--user"), StartError);
    assertMatch(message, /^--user: [^\n]+$/);
  });
}
