/** Reads the file of --plan. Reading by `yaml` gives each fault its line, which @std/yaml cannot. */
import { exitCodes, StartError, systemReason } from "../../base/errors.ts";
import { UsageError } from "../../cli/mod.ts";
import {
  type ConfigNode,
  type ConfigPair,
  type ConfigSource,
  type MapNode,
  type Position,
  Problems,
  readYaml,
} from "../../config/mod.ts";
import { readLoadPlan } from "../options/options.ts";
import type { BenchEntry, BenchPlan } from "./bench_plan.ts";
import { type Combination, combinationsMax, combinationsOf } from "./matrix.ts";
import { argvOf, readSettings, type Settings } from "./settings.ts";

const topKeys = ["title", "defaults", "runs", "matrix"];

/** Throws `UsageError` with every fault of the file, `StartError` when it cannot be read. */
export function readBenchFile(path: string, source: ConfigSource): BenchPlan {
  const problems = new Problems();
  const root = readYaml(readText(path, source), path, source, problems);
  const plan = root === null ? emptyPlan(path, problems) : new BenchReader(problems).read(root);
  // A default that is wrong is wrong in each run: it is said once.
  if (problems.count > 0) throw new UsageError([...new Set(problems.lines())]);
  return plan;
}

function emptyPlan(path: string, problems: Problems): BenchPlan {
  if (problems.count === 0) problems.add({ file: path, line: 1 }, `empty: expected ${topKeys}`);
  return { title: "", entries: [] };
}

function readText(path: string, source: ConfigSource): string {
  try {
    return source.readText(path);
  } catch (cause) {
    const reason = cause instanceof Deno.errors.NotFound ? "no such file" : systemReason(cause);
    throw new StartError(`${path}: ${reason}`, exitCodes.failed, { cause });
  }
}

class BenchReader {
  readonly #problems: Problems;
  readonly #entries: BenchEntry[] = [];
  readonly #names = new Set<string>();

  constructor(problems: Problems) {
    this.#problems = problems;
  }

  read(root: ConfigNode): BenchPlan {
    const problems = this.#problems;
    if (root.kind !== "mapping") {
      problems.add(root.at, `expected a mapping with ${topKeys.join(", ")}`);
      return { title: "", entries: [] };
    }
    for (const { key } of root.pairs) {
      if (topKeys.includes(key.text)) continue;
      problems.add(key.at, `unknown key: ${key.text} (allowed: ${topKeys.join(", ")})`);
    }
    const defaults = this.#mapping(find(root, "defaults"), "defaults")?.pairs ?? [];
    // Faults of defaults are said once, not with each run.
    readSettings(defaults, problems);
    const combinations = combinationsOf(find(root, "matrix"), problems);
    const runs = this.#runs(root);
    for (const { pairs } of combinations) readSettings(pairs, problems);
    for (const { pairs } of runs) readSettings(pairs, problems, ["name"]);
    if (problems.count === 0) {
      for (const run of runs) {
        for (const combination of combinations) this.#add(run, defaults, combination);
      }
    }
    const title = find(root, "title");
    return {
      title: title?.kind === "scalar" ? title.text : "Requests per second",
      entries: this.#entries,
    };
  }

  /** One without a name when there is only a matrix. */
  #runs(root: MapNode): MapNode[] {
    const runs = find(root, "runs");
    if (runs === null) {
      if (find(root, "matrix") === null) this.#problems.add(root.at, "runs or matrix is missing");
      return [{ kind: "mapping", at: root.at, pairs: [] }];
    }
    if (runs.kind !== "sequence" || runs.items.length === 0) {
      this.#problems.add(runs.at, "runs: expected a list of runs");
      return [];
    }
    return runs.items.map((item) => this.#mapping(item, "runs")).filter((run) => run !== null);
  }

  #mapping(node: ConfigNode | null, name: string): MapNode | null {
    if (node === null || node.kind === "mapping") return node;
    this.#problems.add(node.at, `${name}: expected settings (name: value)`);
    return null;
  }

  /** The matrix goes before what a run says, and that before the defaults. */
  #add(run: MapNode, defaults: readonly ConfigPair[], combination: Combination): void {
    const problems = this.#problems;
    // They were read without a fault before.
    const read = (pairs: readonly ConfigPair[]) => readSettings(pairs, problems, ["name"]);
    const settings: Settings = new Map([
      ...read(defaults),
      ...read(run.pairs),
      ...read(combination.pairs),
    ]);
    const name = this.#nameOf(run, combination);
    if (this.#names.has(name)) return problems.add(run.at, `two runs are named ${name}`);
    this.#names.add(name);
    if (this.#entries.length >= combinationsMax) {
      return problems.add(run.at, `more than ${combinationsMax} runs`);
    }
    const argv = argvOf(settings);
    if (!Array.isArray(argv)) {
      const { pair } = settings.get(argv.name)!;
      return problems.add(pair.value.at, `${argv.name}: ${argv.fault}`);
    }
    this.#addPlan(name, run.at, argv, settings);
  }

  #nameOf(run: MapNode, { label }: Combination): string {
    const named = find(run, "name");
    const name = named?.kind === "scalar" ? named.text : "";
    return [name, label].filter((part) => part !== "").join(", ") ||
      `run ${this.#entries.length + 1}`;
  }

  #addPlan(name: string, at: Position, argv: readonly string[], settings: Settings): void {
    try {
      this.#entries.push({ name, at, argv, plan: readLoadPlan(argv) });
    } catch (error) {
      if (!(error instanceof UsageError)) throw error;
      for (const fault of error.errors) this.#problems.add(placeOf(fault, settings, at), fault);
    }
  }
}

/** The line of the setting that a fault is about, else that of the run. */
function placeOf(fault: string, settings: Settings, at: Position): Position {
  for (const [name, { pair }] of settings) {
    if (fault.startsWith(`--${name} `) || fault.startsWith(`--${name}:`)) return pair.value.at;
  }
  return fault.startsWith("URL ") ? settings.get("url")?.pair.value.at ?? at : at;
}

function find(map: MapNode, name: string): ConfigNode | null {
  return map.pairs.find(({ key }) => key.text === name)?.value ?? null;
}
