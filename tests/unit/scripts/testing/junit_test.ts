import { assertEquals } from "@std/assert";
import { readJunit } from "../../../../scripts/testing/junit.ts";

Deno.test("readJunit() counts tests, not steps, and tells skipped ones by name", () => {
  const outcome = readJunit(`<testsuites><testsuite name="x">
    <testcase name="a &gt; b"></testcase>
    <testcase name="steps"><failure message="1 test step failed">x</failure></testcase>
    <testcase name="steps &gt; one"></testcase>
    <testcase name="steps &gt; two"><failure message="x">x</failure></testcase>
    <testcase name="&quot;load&quot; [needs wrk]"><skipped/></testcase>
  </testsuite></testsuites>`);
  assertEquals(outcome, { passed: 1, failed: 1, skipped: ['"load" [needs wrk]'], reports: [] });
});
