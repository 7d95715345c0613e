import { assertEquals } from "@std/assert";
import { maskText, maskValues, maskWord } from "../../../../mod/load/plan/secrets.ts";

/** A word of the command line, and what a report keeps of it. */
const words: readonly [word: string, shown: string][] = [
  ["Authorization: Bearer abc", "Authorization: ***"],
  ["authorization:abc", "authorization: ***"],
  ["-HAuthorization: Basic eDp5", "-HAuthorization: ***"],
  ["--header=Proxy-Authorization: Basic eDp5", "--header=Proxy-Authorization: ***"],
  ["Cookie: sid=1; theme=dark", "Cookie: ***"],
  ["X-Api-Key: k", "X-Api-Key: ***"],
  ["apikey: k", "apikey: ***"],
  ["X-Auth-Token: k", "X-Auth-Token: ***"],
  ["X-Amz-Security-Token: k", "X-Amz-Security-Token: ***"],
  ["PRIVATE-TOKEN: k", "PRIVATE-TOKEN: ***"],
  ["Accept: text/html", "Accept: text/html"],
  ["Host: auth.example", "Host: auth.example"],
  ["http://user:secret@h:80/", "http://***@h:80/"],
  ["https://tok@h/", "https://***@h/"],
  ["user:p%40ss@h/x", "***@h/x"],
  ["http://h/?token=abc&n=1", "http://h/?token=***&n=1"],
  ["http://h/?n=1&access_token=abc#t", "http://h/?n=1&access_token=***#t"],
  ["http://h/?X-Amz-Signature=abc&X-Amz-Date=1", "http://h/?X-Amz-Signature=***&X-Amz-Date=1"],
  ["http://h/?api_key=abc;q=1", "http://h/?api_key=***;q=1"],
  ["http://h/a@b?mail=c@d", "http://h/a@b?mail=c@d"],
  ["http://unix:/run/a.sock:/?key=abc", "http://unix:/run/a.sock:/?key=***"],
  ["user=a&password=b", "user=a&password=***"],
  ['{"user":"a","password":"b \\" c","n":1}', '{"user":"a","password":"***","n":1}'],
  ["--token=abc", "--token=***"],
  ["--body-file=a.txt", "--body-file=a.txt"],
  ["p99>5ms", "p99>5ms"],
  ["-c50", "-c50"],
];

Deno.test("a report contains the command line without secrets", () => {
  for (const [word, shown] of words) assertEquals(maskWord(word), shown);
});

Deno.test("masking a masked text changes nothing", () => {
  for (const [word] of words) assertEquals(maskText(maskWord(word)), maskWord(word));
});

Deno.test("counts by a secret field still show the number of values", () => {
  assertEquals(maskValues({ "(none)": 2, "sid=1": 3, "sid=2": 4 }), {
    "(none)": 2,
    "*** 2": 3,
    "*** 3": 4,
  });
});
