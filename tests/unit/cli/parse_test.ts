import { assert, assertEquals, assertThrows } from "@std/assert";
import {
  defineTable,
  InfoRequest,
  parseOptions,
  readOptions,
  UsageError,
} from "../../../mod/cli/mod.ts";
import { sample } from "./sample_table.ts";

function errorsOf(argv: string[], environment?: Record<string, string>): readonly string[] {
  const outcome = parseOptions(sample, argv, (name) => environment?.[name]);
  return outcome.kind === "errors" ? outcome.errors : [`no errors but ${outcome.kind}`];
}

function valuesOf(argv: string[], environment?: Record<string, string>) {
  return readOptions(sample, argv, (name) => environment?.[name]).values;
}

Deno.test("parseOptions() gives each flag its type and its default", () => {
  const values = valuesOf(["u"]);
  const connections: number = values.connections;
  const durationMs: number = values.durationMs;
  const workers: number | null = values.workers;
  const header: readonly string[] = values.header;
  const chunked: "auto" | "always" | "never" = values.chunked;
  const keepalive: boolean = values.keepalive;
  const even: readonly number[] = values.even;
  assertEquals(
    { connections, durationMs, workers, header, chunked, keepalive, even },
    {
      connections: 10,
      durationMs: 10_000,
      workers: null,
      header: [],
      chunked: "auto",
      keepalive: true,
      even: [],
    },
  );
  assertEquals(values.memoryBytesMax, null);
  assertEquals(values.insecure, false);
});

const spellings: readonly [string, string[]][] = [
  ["--long=value", ["--connections=12k", "u"]],
  ["--long value", ["--connections", "12k", "u"]],
  ["-xvalue", ["-c12k", "u"]],
  ["-x value", ["-c", "12k", "u"]],
  ["-x=value for a number", ["-c=12k", "u"]],
  ["a flag after the operand", ["u", "-c", "12k"]],
  ["the last of two", ["-c1", "-c", "12k", "u"]],
];
for (const [name, argv] of spellings) {
  Deno.test(`parseOptions() reads ${name}`, () => assertEquals(valuesOf(argv).connections, 12_000));
}

Deno.test("parseOptions() splits clustered switches, the last may take a value", () => {
  const values = valuesOf(["-kqc5", "u"]);
  assertEquals([values.insecure, values.quiet, values.connections], [true, true, 5]);
});

Deno.test("parseOptions() collects repeated flags in order", () => {
  assertEquals(valuesOf(["-H", "a: 1", "u", "--header=b: 2", "-Hc: 3"]).header, [
    "a: 1",
    "b: 2",
    "c: 3",
  ]);
});

Deno.test("parseOptions() keeps an equals sign in a value and an empty value", () => {
  assertEquals(valuesOf(["--socket=a=b", "u"]).socket, "a=b");
  assertEquals(valuesOf(["--socket=", "u"]).socket, "");
  assertEquals(valuesOf(["-P=a", "u"]).socket, "=a");
});

Deno.test("parseOptions() accepts --no-x only for flags that declare it", () => {
  assertEquals(valuesOf(["--no-keepalive", "u"]).keepalive, false);
  assertEquals(valuesOf(["--no-keepalive", "--keepalive", "u"]).keepalive, true);
  assertEquals(errorsOf(["--no-insecure", "u"]), [
    "unknown flag --no-insecure: did you mean --insecure?",
  ]);
});

Deno.test("parseOptions() puts what follows -- into rest when the table says so", () => {
  const outcome = readOptions(sample, ["u", "--", "-c", "x"]);
  assertEquals([outcome.operands, outcome.rest], [["u"], ["-c", "x"]]);
});

Deno.test("parseOptions() treats - as an operand", () => {
  assertEquals(readOptions(sample, ["-"]).operands, ["-"]);
});

Deno.test("parseOptions() reports every error at once", () => {
  assertEquals(
    errorsOf([
      "--conections",
      "5",
      "--workers",
      "abc",
      "--workers=5000",
      "-z",
      "-d",
      "2x",
      "--chunked=maybe",
    ]),
    [
      "unknown flag --conections: did you mean --connections?",
      "--workers abc: not an integer, allowed 1 to 1024",
      "--workers 5000: out of range, allowed 1 to 1024",
      "unknown flag -z",
      "-d 2x: not a time such as 10, 500ms, 2s, 1m30s or 1h, allowed at least 1ms",
      "--chunked maybe: not one of auto, always, never",
    ],
  );
});

const faults: readonly [string[], string[]][] = [
  [[], ["URL is missing"]],
  [["a", "b", "c d"], ['unexpected argument "c d"']],
  [["u", "--socket"], ["--socket: needs a value"]],
  [["u", "-P"], ["-P: needs a value"]],
  [["u", "--socket", "--quiet"], ["--socket: needs a value"]],
  [["u", "--quiet=yes"], ["--quiet: takes no value, got yes"]],
  [["u", "-quiet"], ["unknown flag -u in -quiet: did you mean --quiet?"]],
  [["u", "-workers"], ["unknown flag -workers: did you mean --workers?"]],
  [["u", "--con", "v"], ["unknown flag --con: did you mean --connections?"]],
  [["u", "--c", "v"], ["unknown flag --c: did you mean --connections or --chunked?"]],
  [["u", "v", "--zzzzzzzzzz", "w"], ["unknown flag --zzzzzzzzzz"]],
  [["u", "--"], ["no errors but options"]],
  [["u", "--zzzzzzzzzz"], ["unknown flag --zzzzzzzzzz"]],
  [["u", "--even", "3", "--even=4"], ["--even 3: not even"]],
  [["u", "--ratio", "2"], ["--ratio 2: out of range, allowed 0 to 1"]],
  [["u", "--workers", "-5"], ["--workers -5: out of range, allowed 1 to 1024"]],
  [["u", "--workers", ""], ['--workers "": not an integer, allowed 1 to 1024']],
  [["u", "--workers=1\n2"], ['--workers "1\\n2": not an integer, allowed 1 to 1024']],
];
for (const [argv, expected] of faults) {
  Deno.test(`parseOptions() answers ${JSON.stringify(argv)} with ${expected}`, () => {
    assertEquals(errorsOf(argv), expected);
  });
}

Deno.test("parseOptions() prefers the command line to the environment, and that to the default", () => {
  assertEquals(valuesOf(["u"], { WORKERS: "3" }).workers, 3);
  assertEquals(valuesOf(["u", "--workers=4"], { WORKERS: "3" }).workers, 4);
  assertEquals(valuesOf(["u"], { WORKERS: "" }).workers, null);
  assertEquals(errorsOf(["u"], { WORKERS: "many" }), [
    "WORKERS=many in the environment: not an integer, allowed 1 to 1024",
  ]);
});

Deno.test("parseOptions() lists the keys that were given", () => {
  assertEquals([...readOptions(sample, ["u", "-d1"], () => undefined).given], ["durationMs"]);
});

Deno.test("parseOptions() prefers help and version to errors", () => {
  assertEquals(parseOptions(sample, ["--zzz", "--help"]).kind, "help");
  assertEquals(parseOptions(sample, ["-v"]).kind, "version");
  assertEquals(parseOptions(sample, ["--version", "-h"]).kind, "help");
  assertEquals(parseOptions(sample, ["--hel"]), {
    kind: "errors",
    errors: ["unknown flag --hel: did you mean --help?", "URL is missing"],
  });
});

const supervise = defineTable({
  command: "hayate supervise",
  summary: "holds sockets",
  usage: ["[options] [--] COMMAND"],
  options: [
    { long: "port", kind: "string", repeat: true, help: "" },
    { long: "path", kind: "string", repeat: true, help: "" },
    { long: "pid-file", kind: "string", help: "" },
    { long: "status-file", kind: "string", help: "" },
    { long: "start-timeout", kind: "duration", exactOnly: true, help: "" },
    { long: "daemonize", kind: "flag", help: "" },
  ],
  operands: { name: "COMMAND", min: 0, max: Infinity },
  stopAtOperand: true,
  examples: [],
});
const starter = { ...supervise, stopAtOperand: false, getopt: true } as const;

Deno.test("parseOptions() passes everything from the first operand on to the command", () => {
  const { values, operands } = readOptions(supervise, [
    "--port=80",
    "proxy",
    "-c",
    "x",
    "--port",
    "1",
  ]);
  assertEquals([values.port, operands], [["80"], ["proxy", "-c", "x", "--port", "1"]]);
  assertEquals(readOptions(supervise, ["--", "--port"]).operands, ["--port"]);
});

Deno.test("parseOptions() with getopt permutes, abbreviates, ignores case and accepts one dash", () => {
  const { values, operands } = readOptions(starter, [
    "prog",
    "--STA=s",
    "-port",
    "80",
    "--pi",
    "p",
    "-d",
    "x",
    "--",
    "-y",
  ]);
  assertEquals([values.statusFile, values.port, values.pidFile, values.daemonize], [
    "s",
    ["80"],
    "p",
    true,
  ]);
  assertEquals(operands, ["prog", "x", "-y"]);
});

Deno.test("parseOptions() with getopt lists the meanings of an ambiguous abbreviation", () => {
  assertEquals(parseOptions(starter, ["--p", "1"]), {
    kind: "errors",
    errors: ["--p is ambiguous: --port, --path, --pid-file"],
  });
  assertEquals(readOptions(starter, ["--start-timeout", "5"]).values.startTimeout, 5000);
});

Deno.test("readOptions() throws all errors, or the request for help", () => {
  const error = assertThrows(() => readOptions(sample, ["-z"]), UsageError);
  assertEquals([error.errors, error.exitCode], [["unknown flag -z", "URL is missing"], 2]);
  assert(assertThrows(() => readOptions(sample, ["--help"]), InfoRequest).table === sample);
});

Deno.test("parseOptions() reports a required flag that is missing", () => {
  const table = defineTable({
    ...supervise,
    options: [{ long: "name", kind: "string", required: true, help: "" }],
  });
  assertEquals(parseOptions(table, []), { kind: "errors", errors: ["--name is missing"] });
  const name: string = readOptions(table, ["--name=x"]).values.name;
  assertEquals(name, "x");
});
