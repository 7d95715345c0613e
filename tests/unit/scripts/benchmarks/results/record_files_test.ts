import { assertEquals, assertThrows } from "@std/assert";
import {
  parseRecord,
  readRecords,
  writeRecord,
} from "../../../../../scripts/benchmarks/results/record_files.ts";
import { tempFolder } from "../../../../support/ports.ts";
import { growthRecord, serveRecord, startRecord } from "./records.ts";

const records = [serveRecord, startRecord, growthRecord];

Deno.test("readRecords() reads what writeRecord() has written, in the order asked for", async () => {
  await using folder = await tempFolder();
  const place = `${folder.path}/records`;
  for (const record of records) await writeRecord(place, record);
  const names = ["start", "absent", "serve", "grow-body"];
  const read = await readRecords(place, names);
  assertEquals(read.map(({ comparison }) => comparison), ["start", "serve", "grow-body"]);
  assertEquals(read[0].rows, startRecord.rows);
  assertEquals(read[2].rows, growthRecord.rows);
  await writeRecord(place, { ...serveRecord, runs: 9 });
  assertEquals((await readRecords(place, ["serve"]))[0].runs, 9);
});

const text = (change: (record: Record<string, any>) => void, of = serveRecord) => {
  const record = JSON.parse(JSON.stringify({ schema: "hayate-bench/1", ...of }));
  change(record);
  return JSON.stringify(record);
};

Deno.test("parseRecord() names the file and what is wrong in it", () => {
  const rows: [string, string][] = [
    ["{", "a.json: "],
    ["[]", "a.json: its schema is undefined, hayate-bench/1 is known"],
    ["null", "a.json: it holds no object"],
    [text((record) => record.schema = "hayate-bench/2"), "its schema is hayate-bench/2"],
    [text((record) => record.comparison = "load"), "it is of load"],
    [text((record) => delete record.host.kernel), '"host" is missing or has no known form'],
    [text((record) => record.versions.nginx = 1), '"versions" is missing or has no known form'],
    [text((record) => record.rows[0].judged = "both"), '"rows" is missing'],
    [text((record) => record.rows[1].contenders[0].trials[0].errors = "0"), '"rows" is missing'],
    [text((record) => record.rows[0].value = { number: 1 }), '"rows" is missing'],
    [text((record) => delete record.rows[0].contenders[4].missing), '"rows" is missing'],
  ];
  for (const [input, expected] of rows) {
    assertThrows(() => parseRecord(input, "serve", "a.json"), Error, expected);
  }
  const samples = text((record) => record.rows[0].contenders[0].samples = [null], startRecord);
  assertThrows(() => parseRecord(samples, "start", "a.json"), Error, '"rows" is missing');
});
