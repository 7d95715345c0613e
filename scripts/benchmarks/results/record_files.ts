/** The records of the last run of each comparison, a JSON file each. */
import type { Host } from "../host.ts";
import type { ContenderResult, Row, Trial } from "../measure.ts";
import type { GaugeRow } from "../verdict.ts";
import type { ComparisonRecord } from "./record.ts";

const schema = "hayate-bench/1";
/** Enough for figures that vary by a percent. */
const digits = 5;

/** Replaces the record of its comparison. */
export async function writeRecord(folder: string, record: ComparisonRecord): Promise<void> {
  const brief = (_: string, value: unknown) =>
    typeof value === "number" ? Number(value.toPrecision(digits)) : value;
  const text = JSON.stringify({ schema, ...record }, brief, 1);
  await Deno.mkdir(folder, { recursive: true });
  await Deno.writeTextFile(`${folder}/${record.comparison}.json`, `${text}\n`);
}

/** The records of the comparisons called `names`, in this order. Throws when one is damaged. */
export async function readRecords(
  folder: string,
  names: readonly string[],
): Promise<ComparisonRecord[]> {
  const records: ComparisonRecord[] = [];
  for (const name of names) {
    const file = `${folder}/${name}.json`;
    let text: string;
    try {
      text = await Deno.readTextFile(file);
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) continue;
      throw error;
    }
    records.push(parseRecord(text, name, file));
  }
  return records;
}

/** Throws an Error that names the file and what is wrong in it. */
export function parseRecord(text: string, name: string, file: string): ComparisonRecord {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new Error(`${file}: ${(error as Error).message}`);
  }
  const wrong = whatIsWrong(value, name);
  if (wrong !== null) throw new Error(`${file}: ${wrong}; measure it again, or remove the file`);
  return value as ComparisonRecord;
}

type Check = (value: unknown) => boolean;

const isText: Check = (value) => typeof value === "string";
const isNumber: Check = (value) => typeof value === "number" && Number.isFinite(value);
const isFlag: Check = (value) => typeof value === "boolean";
const orNull = (check: Check): Check => (value) => value === null || check(value);
const orAbsent = (check: Check): Check => (value) => value === undefined || check(value);
const oneOf = (...words: readonly string[]): Check => (value) => words.includes(value as string);
const listOf = (check: Check): Check => (value) => Array.isArray(value) && value.every(check);

/** Every field of T has its check; other fields do no harm. */
function shape<T>(checks: Readonly<Record<keyof T, Check>>): Check {
  return (value) =>
    typeof value === "object" && value !== null &&
    Object.entries<Check>(checks).every(([key, check]) =>
      check((value as Record<string, unknown>)[key])
    );
}

const isTime = shape<Trial["server"]>({ userUs: isNumber, systemUs: isNumber });
const isTrial = shape<Trial>({
  requests: isNumber,
  requestsPerSecond: isNumber,
  errors: isNumber,
  server: isTime,
  client: isTime,
});
const isRow = shape<Row>({
  comparison: isText,
  judged: oneOf("client", "server"),
  transport: oneOf("tcp", "unix"),
  connections: isNumber,
  driver: orNull(isText),
  value: orNull(shape<NonNullable<Row["value"]>>({ number: isNumber, axis: isText })),
  goal: orNull(isNumber),
  floorGoal: orNull(isNumber),
  contenders: listOf(shape<ContenderResult>({
    name: isText,
    trials: listOf(isTrial),
    missing: orNull(isText),
    first: orNull(isTrial),
    isFloor: isFlag,
    isAside: isFlag,
    goal: orAbsent(isNumber),
  })),
});
const isGaugeRow = shape<GaugeRow>({
  comparison: isText,
  judged: oneOf("gauge"),
  setting: isText,
  unit: isText,
  goal: orNull(
    shape({ max: orAbsent(isNumber), ratioMax: orAbsent(isNumber), beside: orAbsent(isText) }),
  ),
  contenders: listOf(shape<GaugeRow["contenders"][number]>({
    name: isText,
    samples: listOf(isNumber),
    missing: orNull(isText),
    note: orAbsent(isText),
  })),
});
const fields: Readonly<Record<keyof ComparisonRecord, Check>> = {
  comparison: isText,
  title: isText,
  host: shape<Host>({
    date: isText,
    cpu: isText,
    cores: isNumber,
    kernel: isText,
    loadBefore: isNumber,
  }),
  versions: (value) =>
    typeof value === "object" && value !== null && Object.values(value).every(isText),
  seconds: isNumber,
  runs: isNumber,
  rows: listOf((value) => isRow(value) || isGaugeRow(value)),
};

/** Null: it is a record of the comparison `name`. */
function whatIsWrong(value: unknown, name: string): string | null {
  if (typeof value !== "object" || value === null) return "it holds no object";
  const record = value as Record<string, unknown>;
  if (record.schema !== schema) return `its schema is ${record.schema}, ${schema} is known`;
  for (const [field, check] of Object.entries(fields)) {
    if (!check(record[field])) return `"${field}" is missing or has no known form`;
  }
  return record.comparison === name ? null : `it is of ${record.comparison}`;
}
