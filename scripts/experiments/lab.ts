/** The environment of an experiment: a folder, processes that end with it, notes, load and charts. */
import { binaryPath, root, runHayate } from "../../tests/support/binary.ts";
import { Child, type ChildOptions } from "../../tests/support/child.ts";
import type { Row } from "./report.ts";

/** A run of `hayate load --json`: the fields that experiments use. */
export interface LoadRun {
  readonly requestsPerSecond: number;
  readonly requestsAnswered: number;
  readonly requestsFailed: number;
  readonly failedByKind: Readonly<Record<string, number>>;
  /** With --group-by. */
  readonly responsesByFieldValue: Readonly<Record<string, number>> | null;
  readonly latency: { readonly maxUs: number; readonly percentilesUs: Record<string, number> };
}

/** One experiment; each is in its own small file. */
export interface Experiment {
  readonly name: string;
  readonly question: string;
  /** Default of `--restarts N`; null: the flag does not apply. */
  readonly restarts: number | null;
  run(lab: Lab): Promise<readonly Row[]>;
}

export class Lab implements AsyncDisposable {
  readonly notes: string[] = [];
  figures: unknown = null;
  picture: string | null = null;
  readonly #stack = new AsyncDisposableStack();

  private constructor(
    readonly name: string,
    /** Removed at the end. */
    readonly folder: string,
    /** Kept: JSON and charts. */
    readonly out: string,
    readonly restarts: number,
  ) {}

  static async open(name: string, restarts: number): Promise<Lab> {
    const folder = await Deno.makeTempDir({ prefix: "hyt-" });
    // A worker that has dropped its privileges must still reach its socket.
    await Deno.chmod(folder, 0o755);
    const out = `${root}/dist/experiments`;
    await Deno.mkdir(out, { recursive: true });
    return new Lab(name, folder, out, restarts);
  }

  /** Printed below the table, and immediately. */
  note(text: string): void {
    this.notes.push(text);
    this.say(text);
  }

  /** Progress, on stderr. */
  say(text: string): void {
    console.error(`  ... ${text}`);
  }

  /** Registers a resource to be disposed of at the end, in reverse order. */
  use<T extends AsyncDisposable | null>(owned: T): T {
    return this.#stack.use(owned);
  }

  defer(end: () => void | Promise<void>): void {
    this.#stack.defer(end);
  }

  start(program: string, args: readonly string[], options: ChildOptions = {}): Child {
    return this.use(new Child(program, args, options));
  }

  startHayate(args: readonly string[], options: ChildOptions = {}): Child {
    return this.start(binaryPath, args, options);
  }

  async write(name: string, text: string): Promise<string> {
    await Deno.writeTextFile(`${this.folder}/${name}`, text);
    return `${this.folder}/${name}`;
  }

  /** The path of a result file that is kept. */
  outFile(suffix: string): string {
    return `${this.out}/${this.name}${suffix}`;
  }

  /** Runs `hayate load ARGS...`; keeps its JSON as `SERIES`, the name of its bar in a chart. */
  async load(series: string, args: readonly string[]): Promise<LoadRun> {
    const file = await this.seriesFile(series);
    const { code, stdout, stderr } = await runHayate(["load", "--json", file, ...args]);
    if (code !== 0) throw new Error(`Cannot load: ${stderr}${stdout}`);
    return await readLoadReport(file);
  }

  async seriesFile(series: string): Promise<string> {
    const folder = this.outFile("");
    await Deno.mkdir(folder, { recursive: true });
    return `${folder}/${series}.json`;
  }

  /** Draws the named series into one SVG. */
  async plot(title: string, series: readonly string[]): Promise<void> {
    const picture = this.outFile(".svg");
    const files = await Promise.all(series.map((each) => this.seriesFile(each)));
    const args = ["load", "plot", "--title", title, "-o", picture, ...files];
    const { code, stderr } = await runHayate(args);
    if (code !== 0) throw new Error(`Cannot draw: ${stderr}`);
    this.picture = picture.slice(root.length + 1);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    try {
      await this.#stack.disposeAsync();
    } finally {
      await Deno.remove(this.folder, { recursive: true });
    }
  }
}

export async function readLoadReport(file: string): Promise<LoadRun> {
  return (JSON.parse(await Deno.readTextFile(file)) as { runs: LoadRun[] }).runs[0];
}
