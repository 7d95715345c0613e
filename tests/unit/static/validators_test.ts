import { assertEquals, assertNotEquals } from "@std/assert";
import {
  type Conditions,
  evaluateConditions,
  formatHttpDate,
  ifRangeHolds,
  makeEtag,
} from "../../../mod/static/validators.ts";

const none: Conditions = {
  ifMatch: null,
  ifNoneMatch: null,
  ifModifiedSince: null,
  ifUnmodifiedSince: null,
};
const modifiedMs = Date.UTC(1994, 10, 6, 8, 49, 37);
const current = { etag: '"a-1"', modifiedMs };
const same = "Sun, 06 Nov 1994 08:49:37 GMT";
const earlier = "Sun, 06 Nov 1994 08:49:36 GMT";

Deno.test("formatHttpDate() writes an IMF-fixdate", () => {
  assertEquals(formatHttpDate(modifiedMs), same);
});

Deno.test("evaluateConditions() answers 304 for a known entity tag, weak or in a list", () => {
  for (const value of ['"a-1"', 'W/"a-1"', '"x", "a-1"', '"x","y" , W/"a-1"', "*"]) {
    assertEquals(evaluateConditions({ ...none, ifNoneMatch: value }, current), 304, value);
  }
  for (const value of ['"x"', "a-1", ""]) {
    assertEquals(evaluateConditions({ ...none, ifNoneMatch: value }, current), 200, value);
  }
});

Deno.test("evaluateConditions() ignores If-Modified-Since beside If-None-Match and when it is no date", () => {
  assertEquals(evaluateConditions({ ...none, ifModifiedSince: same }, current), 304);
  assertEquals(evaluateConditions({ ...none, ifModifiedSince: earlier }, current), 200);
  assertEquals(evaluateConditions({ ...none, ifModifiedSince: "soon" }, current), 200);
  const both = { ...none, ifNoneMatch: '"x"', ifModifiedSince: same };
  assertEquals(evaluateConditions(both, current), 200);
});

Deno.test("evaluateConditions() answers 412 when If-Match or If-Unmodified-Since fails", () => {
  assertEquals(evaluateConditions({ ...none, ifMatch: '"a-1"' }, current), 200);
  assertEquals(evaluateConditions({ ...none, ifMatch: 'W/"a-1"' }, current), 412);
  assertEquals(evaluateConditions({ ...none, ifMatch: '"x"' }, current), 412);
  assertEquals(evaluateConditions({ ...none, ifUnmodifiedSince: same }, current), 200);
  assertEquals(evaluateConditions({ ...none, ifUnmodifiedSince: earlier }, current), 412);
});

Deno.test("ifRangeHolds() compares strongly", () => {
  assertEquals(ifRangeHolds('"a-1"', current), true);
  assertEquals(ifRangeHolds('W/"a-1"', current), false);
  assertEquals(ifRangeHolds(same, current), true);
  assertEquals(ifRangeHolds(earlier, current), false);
});

Deno.test("makeEtag() changes with time, size and suffix", () => {
  assertEquals(makeEtag(1000, 5), makeEtag(1000, 5));
  assertNotEquals(makeEtag(1000, 5), makeEtag(1001, 5));
  assertNotEquals(makeEtag(1000, 5), makeEtag(1000, 6));
  assertNotEquals(makeEtag(1000, 5), makeEtag(1000, 5, "-br"));
});

Deno.test("evaluateConditions() matches * for a file without an entity tag, and no other value", () => {
  const untagged = { etag: "", modifiedMs };
  const status = (conditions: Partial<Conditions>) =>
    evaluateConditions({ ...none, ...conditions }, untagged);
  assertEquals(status({ ifMatch: "*" }), 200);
  assertEquals(status({ ifMatch: '""' }), 412);
  assertEquals(status({ ifNoneMatch: "*" }), 304);
  assertEquals(status({ ifNoneMatch: '""' }), 200);
});
