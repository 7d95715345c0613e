import { assertEquals } from "@std/assert";
import {
  cell,
  formatBinary,
  formatFixed,
  formatMetric,
  formatTimeS,
  formatTimeUs,
} from "../../../../../mod/load/report/figures/wrk_units.ts";

const vectors = Deno.readTextFileSync(
  new URL("../../../../vectors/wrk_format.txt", import.meta.url),
);

/** The lines of the section whose heading begins with `heading`, split at tabs. */
function section(heading: string): string[][] {
  const body = vectors.split(/^# /m).find((part) => part.startsWith(heading));
  if (body === undefined) throw new Error(`no section ${heading}`);
  return body.trimEnd().split("\n").slice(1).map((line) => line.split("\t"));
}

Deno.test("formatTimeUs() and its cells equal wrk's for every vector", () => {
  for (const [input, text, average, max] of section("format_time_us")) {
    const found = formatTimeUs(Number(input));
    assertEquals(found, text);
    assertEquals([`[${cell(found, 8)}]`, `[${cell(found, 9)}]`], [average, max]);
  }
});

Deno.test("formatTimeS() equals wrk's for every vector", () => {
  for (const [input, text] of section("format_time_s")) {
    assertEquals(formatTimeS(Number(input)), text, input);
  }
});

Deno.test("formatBinary() equals wrk's for every vector", () => {
  for (const [input, text] of section("format_binary")) {
    assertEquals(`${formatBinary(Number(input))}B`, text, input);
  }
});

Deno.test("formatMetric() and its cells equal wrk's for every vector", () => {
  for (const [input, text, cells] of section("format_metric")) {
    const found = formatMetric(Number(input));
    assertEquals(found, text);
    assertEquals([8, 10, 9].map((width) => `[${cell(found, width)}]`).join(""), cells);
  }
});

Deno.test("formatTimeUs() rounds ties as x86-64 long double does", () => {
  for (const [input, x87] of section("ties").filter((row) => row.length > 1)) {
    assertEquals(formatTimeUs(Number(input)), `${x87.replace("x87 ", "")}ms`);
  }
});

Deno.test("formatTimeUs() differs from plain doubles in the number of ties that C counts", () => {
  let different = 0;
  for (let us = 1005; us < 850_000; us += 10) {
    if (formatTimeUs(us) !== `${formatFixed(us / 1000, 2)}ms`) different++;
  }
  assertEquals(different, 40_752);
});

Deno.test("formatFixed() rounds exact ties to even and prints NaN as wrk does", () => {
  assertEquals(formatFixed(0.125, 2), "0.12");
  assertEquals(formatFixed(0.375, 2), "0.38");
  assertEquals(formatFixed(100, 2), "100.00");
  assertEquals(formatFixed(NaN, 2), "-nan");
});
