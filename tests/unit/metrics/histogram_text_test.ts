import { assertEquals } from "@std/assert";
import { Histogram } from "../../../mod/metrics/histogram.ts";
import { distributionRows, percentileDistribution } from "../../../mod/metrics/histogram_text.ts";

Deno.test("percentileDistribution() has the columns and the footer of HdrHistogram", () => {
  const histogram = new Histogram();
  histogram.recordMany(1000, 3);
  histogram.record(2000);
  assertEquals(
    percentileDistribution(histogram),
    `       Value     Percentile TotalCount 1/(1-Percentile)

       1.000 0.000000000000          3           1.00
       1.000 0.100000000000          3           1.11
       1.000 0.200000000000          3           1.25
       1.000 0.300000000000          3           1.43
       1.000 0.400000000000          3           1.67
       1.000 0.500000000000          3           2.00
       1.000 0.550000000000          3           2.22
       1.000 0.600000000000          3           2.50
       1.000 0.650000000000          3           2.86
       1.000 0.700000000000          3           3.33
       1.000 0.750000000000          3           4.00
       2.000 1.000000000000          4
#[Mean    =        1.250, StdDeviation   =        0.500]
#[Max     =        2.000, Total count    =            4]
#[Buckets =           22, SubBuckets     =         2048]
`,
  );
});

Deno.test("percentileDistribution() of nothing has only header and footer", () => {
  assertEquals(percentileDistribution(new Histogram()).split("\n").length, 6);
});

Deno.test("distributionRows() ascends and ends with everything at 100 %", () => {
  const histogram = new Histogram();
  for (let value = 1; value <= 10_000; value++) histogram.record(value);
  const rows = distributionRows(histogram);
  for (let index = 1; index < rows.length; index++) {
    assertEquals(rows[index].fraction > rows[index - 1].fraction, true);
    assertEquals(rows[index].valueUs >= rows[index - 1].valueUs, true);
  }
  assertEquals(rows.at(-1), { valueUs: 10_000, fraction: 1, count: 10_000 });
});
