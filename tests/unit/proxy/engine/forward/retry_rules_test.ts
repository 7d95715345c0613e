import { assertEquals } from "@std/assert";
import { PeerError } from "../../../../../mod/base/errors.ts";
import { Method, type RequestHead } from "../../../../../mod/http/mod.ts";
import { retryConditions } from "../../../../../mod/proxy/plan/plan.ts";
import {
  Detour,
  errorCondition,
  failureStatus,
  isFailureCondition,
  RetryRules,
  statusCondition,
} from "../../../../../mod/proxy/engine/forward/retry_rules.ts";

function rulesFor(method: Method, text = "", conditions = 0, triesMax = 0, timeoutMs = 0) {
  const rules = new RetryRules();
  const head = { method, methodText: () => text } as unknown as RequestHead;
  rules.begin({ conditions, triesMax, timeoutMs }, head);
  rules.startClock(1000);
  return rules;
}

Deno.test("RetryRules.maySendAgain() is false for POST, LOCK and PATCH once a byte was sent", () => {
  const rows: readonly (readonly [Method, string, boolean])[] = [
    [Method.get, "GET", true],
    [Method.put, "PUT", true],
    [Method.delete, "DELETE", true],
    [Method.post, "POST", false],
    [Method.patch, "PATCH", false],
    [Method.other, "LOCK", false],
    [Method.other, "PROPFIND", true],
  ];
  for (const [method, text, expected] of rows) {
    assertEquals(rulesFor(method, text).maySendAgain(true), expected, text);
    assertEquals(rulesFor(method, text).maySendAgain(false), true, text);
    const permitted = rulesFor(method, text, retryConditions.non_idempotent);
    assertEquals(permitted.maySendAgain(true), true, text);
  }
});

Deno.test("RetryRules.hasTriesLeft() limits the tries, not counting the free one, and the time", () => {
  const rules = rulesFor(Method.get, "", 0, 2, 500);
  rules.attempts = 1;
  assertEquals(rules.hasTriesLeft(1499), true);
  assertEquals(rules.hasTriesLeft(1500), false);
  rules.attempts = 2;
  assertEquals(rules.hasTriesLeft(1000), false);
  assertEquals([rules.takeFreeTry(Detour.stale), rules.takeFreeTry(Detour.stale)], [true, false]);
  assertEquals(rules.hasTriesLeft(1000), true);
  const unlimited = rulesFor(Method.get);
  unlimited.attempts = 1000;
  assertEquals(unlimited.hasTriesLeft(1e9), true);
});

Deno.test("RetryRules.takeFreeTry() allows a stale connection once, refused streams four times", () => {
  const rules = rulesFor(Method.get);
  const taken = Array.from({ length: 5 }, () => rules.takeFreeTry(Detour.refused));
  assertEquals(taken, [true, true, true, true, false]);
});

Deno.test("Conditions for statuses and errors have nginx's names", () => {
  const statuses = [500, 502, 503, 504, 403, 404, 429];
  for (const status of statuses) {
    const name = `http_${status}` as keyof typeof retryConditions;
    assertEquals(statusCondition(status), retryConditions[name]);
    assertEquals(isFailureCondition(statusCondition(status)), status !== 403 && status !== 404);
  }
  for (const status of [200, 301, 400, 501, 505]) assertEquals(statusCondition(status), 0);
  const of = (code: ConstructorParameters<typeof PeerError>[0]) =>
    errorCondition(new PeerError(code, "upstream", "x"));
  assertEquals(of("ETIMEDOUT"), retryConditions.timeout);
  assertEquals(of("EPROTO"), retryConditions.invalid_header);
  assertEquals(of("ECONNREFUSED"), retryConditions.error);
});

Deno.test("a call that reached no peer is unavailable, one that waited too long has timed out", () => {
  const rows: readonly [code: string, isUnsent: boolean, http: number, grpc: number][] = [
    ["ETIMEDOUT", true, 504, 502],
    ["ETIMEDOUT", false, 504, 504],
    ["ECONNREFUSED", true, 502, 502],
    ["EPROTO", false, 502, 502],
  ];
  for (const [code, isUnsent, http, grpc] of rows) {
    const error = new PeerError(code, "upstream", "", isUnsent);
    assertEquals([failureStatus(error, false), failureStatus(error, true)], [http, grpc], code);
  }
});
