import { assertEquals } from "@std/assert";
import { splitReports } from "../../../../../mod/load/report/json/report_stream.ts";

const rows: [string, string[] | string][] = [
  ["", []],
  ["Running 10s test\n", []],
  ['{"a":1}', ['{"a":1}']],
  ['{"a":1}{"b":2}\n{"c":{}}\n', ['{"a":1}', '{"b":2}', '{"c":{}}']],
  ['[{"a":1},{"b":2}]', ['{"a":1}', '{"b":2}']],
  ['noise {"a":"}{\\"{"} more {"b":"\\\\"}', ['{"a":"}{\\"{"}', '{"b":"\\\\"}']],
  ['{"a":1}{"b":', "ends within a report"],
  ['{"a":"', "ends within a report"],
];

for (const [text, expected] of rows) {
  Deno.test(`splitReports(${JSON.stringify(text)})`, () => {
    assertEquals(splitReports(text), expected);
  });
}
