import { assertEquals } from "@std/assert";
import { basicUserOf, isTokenGiven } from "../../../../mod/conn/accept/access_token.ts";

const token = "s3cretTok";
const basic = (text: string) => btoa(text);

// RFC 9110 11.1 and 11.4: a scheme in any case, one or more blanks, the credentials; 11.6.2: one of them.
const rows: readonly (readonly [string | null, boolean])[] = [
  [`Bearer ${token}`, true],
  [`bearer ${token}`, true],
  [`BEARER   ${token}`, true],
  [`Basic ${basic(`anyone:${token}`)}`, true],
  [`basic  ${basic(`:${token}`)}`, true],
  [null, false],
  ["", false],
  [token, false],
  ["Bearer", false],
  ["Bearer ", false],
  [`Bearer\t${token}`, false],
  [`Bearer=${token}`, false],
  [`Bearer "${token}"`, false],
  [`Bearer S3cretTok`, false],
  [`Bearer ${token}x`, false],
  [`Bearer ${token.slice(0, -1)}`, false],
  [`Bearer ${token}, Bearer x`, false],
  [`Bearer ${token} x`, false],
  [`Digest ${token}`, false],
  [`Basic ${basic(`a:b:${token}`)}`, false],
  [`Basic ${basic(`${token}:`)}`, false],
  ["Basic !!!", false],
];

Deno.test("a token is accepted as Bearer or as the password of Basic, and in no other form", () => {
  for (const [authorization, isGiven] of rows) {
    assertEquals(isTokenGiven(authorization, token), isGiven, String(authorization));
  }
});

Deno.test("basicUserOf() returns a printable user name, and nothing else", () => {
  const rows: [string, string][] = [
    [`Basic ${basic(`alice:${token}`)}`, "alice"],
    [`basic ${basic(`a b :${token}`)}`, "a b"],
    [`Basic ${basic(`:${token}`)}`, ""],
    [`Basic ${basic(token)}`, ""],
    [`Basic ${basic(`a\nb:${token}`)}`, ""],
    [`Basic ${basic(`${"x".repeat(100)}:${token}`)}`, "x".repeat(32)],
    ["Basic !", ""],
    [`Bearer ${token}`, ""],
    ["", ""],
  ];
  for (const [field, user] of rows) assertEquals(basicUserOf(field), user, field);
});
