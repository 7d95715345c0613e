import { assertEquals } from "@std/assert";
import { checkDefaults } from "../../../../mod/proxy/directives/upstream/check_line.ts";
import {
  parseBody,
  parseField,
  parseStatus,
} from "../../../../mod/proxy/directives/upstream/check_match.ts";
import {
  bodyBytesMax,
  judgeOf,
  type Verdict,
} from "../../../../mod/proxy/health/response_judge.ts";
import type { CheckPlan, MatchPlan } from "../../../../mod/proxy/plan/check_plan.ts";

function known<T>(parsed: T | string): T {
  if (typeof parsed === "string") throw new Error(parsed);
  return parsed;
}

/** A check whose match has these parts. */
function check(parts: { status?: string; header?: string[]; body?: string }): CheckPlan {
  const match: MatchPlan = {
    status: parts.status === undefined ? null : known(parseStatus(parts.status)),
    fields: (parts.header ?? []).map((text) => known(parseField(text))),
    body: parts.body === undefined ? null : known(parseBody(parts.body)),
  };
  return { ...checkDefaults, type: "http", match };
}

/** The verdict on `text`, given in pieces of `size` and then closed. */
function judge(plan: CheckPlan, text: string, size: number): Verdict {
  const judge = judgeOf(plan);
  const bytes = Uint8Array.from(text, (char) => char.charCodeAt(0));
  for (let at = 0; at < bytes.length; at += size) {
    const verdict = judge.take(bytes, at, Math.min(bytes.length, at + size));
    if (verdict !== null) return verdict;
  }
  return judge.end();
}

function assertVerdicts(rows: readonly [CheckPlan, string, string | null, string][]): void {
  for (const [plan, text, fault, note] of rows) {
    for (const size of [1, 7, text.length]) {
      assertEquals(judge(plan, text, size), { fault, note } as Verdict, `${size}: ${text}`);
    }
  }
}

const page = "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nServer: app/2\r\n";

Deno.test("judgeOf() without a match judges the class of the status", () => {
  const plan = { ...checkDefaults, aliveClasses: 1 << 2 };
  assertVerdicts([
    [plan, "HTTP/1.1 204 No Content\r\n", null, ""],
    [plan, "HTTP/1.1 404 Not Found\r\n", "status", "the status is 404"],
    [plan, "SSH-2.0\r\n", "statusLine", ""],
    [plan, "HTTP/1.1 200", "closed", ""],
  ]);
});

Deno.test("judgeOf() with a match requires the status to be in its ranges", () => {
  const answer = (status: number) => `HTTP/1.1 ${status} X\r\n\r\n`;
  assertVerdicts([
    [check({ status: "200-399 404" }), answer(404), null, ""],
    [check({ status: "200-399" }), answer(404), "match", "the status is 404"],
    [check({ status: "! 500 502-504" }), answer(404), null, ""],
    [check({ status: "! 500 502-504" }), answer(503), "match", "the status is 503"],
    [check({ status: "200" }), `HTTP/1.1 103 Early\r\nLink: x\r\n\r\n${answer(200)}`, null, ""],
    [check({ status: "200" }), "nonsense\r\n\r\n", "statusLine", "malformed status line"],
    [check({ status: "200" }), "HTTP/1.1 200 OK\r\nA: b\r\n", "closed", ""],
  ]);
});

Deno.test("judgeOf() with a match compares fields", () => {
  const rows: [string[], string | null][] = [
    [["Content-Type: text/html", "Server"], null],
    [["content-type = text/html"], null],
    [["Content-Type: text"], "content-type does not match"],
    [["Server: ~ ^app/\\d$"], null],
    [["Server ~* ^APP"], null],
    [["Server !~ ^app"], "server does not match"],
    [["Server: ! nginx"], null],
    [["! X-Broken"], null],
    [["! Server"], "server does not match"],
    [["X-Ready"], "x-ready does not match"],
    [["X-Ready: ! no"], null],
  ];
  for (const [header, note] of rows) {
    const fault = note === null ? null : "match";
    assertVerdicts([[check({ header }), `${page}\r\n`, fault, note ?? ""]]);
  }
});

Deno.test("judgeOf() with a match reads a body in every framing", () => {
  const good = check({ body: "~ status: ok$" });
  const chunks = "4\r\nstat\r\n6\r\nus: ok\r\n0\r\n\r\n";
  const missing = "the body does not match";
  assertVerdicts([
    [good, `${page}Content-Length: 10\r\n\r\nstatus: ok`, null, ""],
    [good, `${page}Content-Length: 10\r\n\r\nstatus: no`, "match", missing],
    [good, `${page}Transfer-Encoding: chunked\r\n\r\n${chunks}`, null, ""],
    [good, `${page}\r\nstatus: ok`, null, ""],
    [good, `${page}Content-Length: 11\r\n\r\nstatus: ok`, "closed", ""],
    [good, `${page}Content-Length: 0\r\n\r\n`, "match", missing],
    [check({ body: "!~ error" }), `${page}Content-Length: 2\r\n\r\nok`, null, ""],
    [check({ body: "~* OK" }), `${page}Content-Length: 2\r\n\r\nok`, null, ""],
    [good, `${page}Transfer-Encoding: chunked\r\n\r\nx\r\n`, "match", "malformed chunk size"],
  ]);
});

Deno.test("judgeOf() checks the first 256 kB of an endless body", () => {
  const judge = judgeOf(check({ body: "~ needle" }));
  const head = Uint8Array.from(`${page}\r\n`, (char) => char.charCodeAt(0));
  assertEquals(judge.take(head, 0, head.length), null);
  const filler = new Uint8Array(bodyBytesMax - 1).fill(0x61);
  assertEquals(judge.take(filler, 0, filler.length), null);
  const rest = new TextEncoder().encode("aneedle");
  assertEquals(judge.take(rest, 0, rest.length)?.fault, "match");
});

Deno.test("judgeOf() expects no body in the response to HEAD", () => {
  const plan = { ...check({ body: "!~ error" }), send: "HEAD / HTTP/1.0\r\n\r\n" };
  assertVerdicts([[plan, `${page}Content-Length: 100\r\n\r\n`, null, ""]]);
});
