/** What a script finds around itself in its worker: an output that does not mix with reports, an exit that ends the run. */

/** Thrown where a script calls `process.exit()` or `Deno.exit()`. */
export class ScriptExit extends Error {
  override readonly name = "ScriptExit";
  /** 0 to 255. */
  readonly code: number;

  constructor(code: number) {
    super(`process.exit(${code})`);
    this.code = code;
  }
}

/** What a worker must not do on its own: it would end without a word, and the run would wait for it. */
let exit: ScriptExit | null = null;

/** Throws again what a script may have caught: an exit ends the run all the same. */
export function throwIfExited(): void {
  if (exit !== null) throw exit;
}

type Functions = Record<string, (...args: unknown[]) => unknown>;

/** Objects of the script's world, which are replaced in part and never used from here. */
const scope = globalThis as unknown as {
  readonly Deno: { stdout: unknown; readonly stderr: unknown } & Record<string, unknown>;
  readonly process: Functions & {
    readonly exitCode?: number;
    readonly stdout: Functions;
    readonly stderr: Functions;
  };
  readonly console: Functions;
  close: unknown;
};

/** Replaces what a script must not reach. `stdoutTaken`: a report goes there, so that its own text goes to stderr. */
export function prepareGlobals(stdoutTaken: boolean): void {
  const leave = (code?: unknown): never => {
    exit = new ScriptExit(Number(code ?? scope.process.exitCode ?? 0) & 255);
    throw exit;
  };
  scope.process["exit"] = leave;
  scope.Deno["exit"] = leave;
  scope.close = leave;
  if (stdoutTaken) sendToStderr();
}

function sendToStderr(): void {
  const { console, process } = scope;
  const write = console["error"];
  for (const name of ["log", "info", "debug"]) console[name] = write;
  for (const name of ["dir", "dirxml", "table"]) {
    console[name] = (value) => write(Deno.inspect(value));
  }
  Object.defineProperty(scope.Deno, "stdout", { value: scope.Deno.stderr, configurable: true });
  process.stdout["write"] = process.stderr["write"].bind(process.stderr);
}
