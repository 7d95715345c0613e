import { assertEquals } from "@std/assert";
import { chooseMetricsFormat, MetricsWriter } from "../../../mod/metrics/metrics_writer.ts";

Deno.test("MetricsWriter names a counter's family as each format requires", () => {
  const texts = (["prometheus", "openmetrics"] as const).map((format) => {
    const writer = new MetricsWriter(format);
    writer.counter("a_bytes", "Bytes", [[{ of: "x" }, 3]]);
    return writer.end();
  });
  assertEquals(texts, [
    '# HELP a_bytes_total Bytes\n# TYPE a_bytes_total counter\na_bytes_total{of="x"} 3\n',
    "# HELP a_bytes Bytes\n# TYPE a_bytes counter\n# UNIT a_bytes bytes\n" +
    'a_bytes_total{of="x"} 3\n# EOF\n',
  ]);
});

Deno.test("MetricsWriter.histogram() accumulates its buckets and writes bounds as floats", () => {
  const writer = new MetricsWriter("prometheus");
  writer.histogram("t_seconds", "Time", [0.5, 1], [
    { labels: { a: "b" }, counts: [2, 0, 3], sum: 1.5 },
  ]);
  assertEquals(writer.end().split("\n").slice(2), [
    't_seconds_bucket{a="b",le="0.5"} 2',
    't_seconds_bucket{a="b",le="1.0"} 2',
    't_seconds_bucket{a="b",le="+Inf"} 5',
    't_seconds_sum{a="b"} 1.5',
    't_seconds_count{a="b"} 5',
    "",
  ]);
});

Deno.test("MetricsWriter escapes the characters that a label cannot contain", () => {
  const writer = new MetricsWriter("prometheus");
  writer.gauge("g", "A gauge", [[{ path: 'a"b\\c\nd' }, 1]]);
  assertEquals(writer.end().split("\n")[2], 'g{path="a\\"b\\\\c\\nd"} 1');
});

Deno.test("chooseMetricsFormat() chooses OpenMetrics only when it is requested", () => {
  const rows: [string | null, string][] = [
    [null, "prometheus"],
    ["*/*", "prometheus"],
    ["text/plain", "prometheus"],
    ["application/openmetrics-text", "openmetrics"],
    ["Application/OpenMetrics-Text; version=1.0.0; q=0.8, text/plain; q=0.5", "openmetrics"],
    ["application/openmetrics-text; q=0.2, text/plain; q=0.5", "prometheus"],
    ["application/openmetrics-text; q=0", "prometheus"],
    ["application/openmetrics-text; q=x", "prometheus"],
  ];
  for (const [accept, format] of rows) {
    assertEquals(chooseMetricsFormat(accept), format, `${accept}`);
  }
});
