/** The globals of a script in its worker: console output that does not mix with reports, and an exit that ends the run. */

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

/** The exit that the script asked for. A worker that really exited would end silently, and the run would wait for it. */
let exit: ScriptExit | null = null;

/** Throws the exit again if the script has caught it: it ends the run anyway. */
export function throwIfExited(): void {
  if (exit !== null) throw exit;
}

type Functions = Record<string, (...args: unknown[]) => unknown>;

/** Objects of the script's global scope; some members are replaced, none is used here. */
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

/** Replaces globals that a script must not use. `stdoutTaken`: a report uses stdout, so the script prints to stderr. */
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
