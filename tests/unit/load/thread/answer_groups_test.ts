import { assertEquals } from "@std/assert";
import { Method, ResponseHead } from "../../../../mod/http/mod.ts";
import { defaultLimits, parseResponseHead } from "../../../../mod/http1/mod.ts";
import { AnswerGroups, type AnswerObserver } from "../../../../mod/load/thread/answer_groups.ts";
import type { TimedRequest } from "../../../../mod/load/thread/answer_groups.ts";

const run = { measureFromMs: 100 };

function connection(intendedMs: number): TimedRequest {
  return { intendedMs, startMs: intendedMs, firstByteMs: intendedMs };
}

function head(fields: string): ResponseHead {
  const bytes = new TextEncoder().encode(`HTTP/1.1 200 OK\r\n${fields}\r\n`);
  const parsed = new ResponseHead();
  parseResponseHead(parsed, bytes, 0, bytes.length, defaultLimits, 0, Method.get);
  return parsed;
}

Deno.test("AnswerGroups counts by value, ignoring the name's case, and responses without the field", () => {
  const groups = new AnswerGroups("Served-By", run);
  const measured = connection(100);
  for (
    const fields of ["served-by: a\r\n", "SERVED-BY: b\r\n", "Served-By: a\r\n", "Other: a\r\n"]
  ) {
    groups.takeHead(measured, head(fields));
    groups.respond(measured, 200);
  }
  assertEquals(groups.counts, { a: 2, b: 1, "(none)": 1 });
});

Deno.test("AnswerGroups counts final heads only, without the warm-up and incomplete responses", () => {
  const groups = new AnswerGroups("v", run);
  const [warm, measured, broken] = [connection(99), connection(100), connection(100)];
  for (const each of [warm, measured, broken]) groups.takeHead(each, head("v: interim\r\n"));
  groups.takeHead(measured, head("v: final\r\n"));
  groups.respond(warm, 200);
  groups.respond(measured, 200);
  assertEquals(groups.counts, { final: 1 });
});

Deno.test("AnswerGroups limits the number of values", () => {
  const groups = new AnswerGroups("v", run);
  const measured = connection(100);
  for (let index = 0; index < 150; index++) {
    groups.takeHead(measured, head(`v: ${index}\r\n`));
    groups.respond(measured, 200);
  }
  assertEquals(Object.keys(groups.counts).length, 101);
  assertEquals([groups.counts["99"], groups.counts["100"], groups.counts["(other)"]], [
    1,
    undefined,
    50,
  ]);
});

Deno.test("AnswerGroups passes every call to the next observer", () => {
  const heard: string[] = [];
  const next: AnswerObserver = {
    takeHead: () => heard.push("head"),
    takeBody: () => heard.push("body"),
    respond: (_, status) => heard.push(`${status}`),
  };
  const groups = new AnswerGroups("v", run, next);
  const measured = connection(100);
  groups.takeHead(measured, head(""));
  groups.takeBody(measured, new Uint8Array(1), 0, 1);
  groups.respond(measured, 204);
  assertEquals(heard, ["head", "body", "204"]);
});
