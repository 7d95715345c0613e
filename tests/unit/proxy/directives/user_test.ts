import { assertEquals } from "@std/assert";
import { anyHost } from "../../../../mod/proxy/directives/draft/drafts.ts";
import { buildPlan } from "../../../../mod/proxy/directives/build.ts";

const source = { readText: () => "", environment: () => null };

/** The value of `user` -> whether it can be one; whether the host has it is not asked here. */
const rows: readonly [user: string, isUser: boolean][] = [
  ["nobody", true],
  ["1000", true],
  ["www-data:adm", true],
  ["1000:1000", true],
  ["4294967294", true],
  // -1 to setresuid(2): unchanged.
  ["4294967295", false],
  ["a:b:c", false],
  ["a b", false],
  [":adm", false],
  ["www:", false],
];

for (const [user, isUser] of rows) {
  Deno.test(`user: ${user} ${isUser ? "is a user" : "is refused"}`, () => {
    const text = `user: "${user}"\nlisten: 80\nhosts: {default: {paths: {/: {status: ON}}}}\n`;
    const { plan, problems } = buildPlan(text, "h2o.conf", source, {
      needsListen: true,
      host: anyHost,
    });
    if (isUser) {
      assertEquals(problems, []);
      assertEquals(plan!.global.user?.text, user);
    } else assertEquals(problems[0].startsWith(`[h2o.conf:1] user: found \`${user}\``), true);
  });
}
