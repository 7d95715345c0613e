/** Starting `hayate serve` for its end-to-end tests, on each reactor backend. */
import { Child, startHayate } from "./binary.ts";
import { freePort, type TempFolder, tempFolder } from "./ports.ts";

export type Backend = "epoll" | "portable";
export const backends: readonly Backend[] = ["epoll", "portable"];

/** A server under test with its own folder. */
export interface Served extends AsyncDisposable {
  readonly child: Child;
  readonly port: number;
  readonly url: string;
  readonly folder: TempFolder;
}

export interface ServeSetup {
  /** Flags and operand; "@NAME", also after "=", is the file or folder NAME of the test's folder. */
  readonly args: readonly string[];
  readonly files?: Readonly<Record<string, string>>;
  readonly backend?: Backend;
  readonly env?: Record<string, string>;
  /** Called with the folder before the start, to create anything other than text files. */
  readonly prepare?: (folder: string) => void | Promise<void>;
}

/** Starts a server on a free port of 127.0.0.1 and waits until it accepts. */
export async function startServe(setup: ServeSetup): Promise<Served> {
  await using stack = new AsyncDisposableStack();
  const folder = stack.use(await tempFolder());
  for (const [name, text] of Object.entries(setup.files ?? {})) await folder.write(name, text);
  await setup.prepare?.(folder.path);
  const port = freePort();
  const args = setup.args.map((word) => word.replace(/(^|=)@/, `$1${folder.path}/`));
  const single = args.includes("--workers") ? [] : ["--workers", "1"];
  const child = stack.use(startHayate(
    ["serve", "--host", "127.0.0.1", "--port", String(port), ...single, ...args],
    { env: { HAYATE_REACTOR: setup.backend ?? "epoll", ...setup.env } },
  ));
  // The socket accepts as soon as a master has bound it, maybe before the first worker starts.
  await child.waitForLine(/listening on /);
  const owned = stack.move();
  return {
    child,
    port,
    url: `http://127.0.0.1:${port}`,
    folder,
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

/** Registers `body` once for each backend. */
export function eachBackend(name: string, body: (backend: Backend) => Promise<void>): void {
  for (const backend of backends) Deno.test(`${name} (${backend})`, () => body(backend));
}

/** A module whose fetch is `body`, an expression of a function. */
export function appWith(body: string): string {
  return `export default { fetch: ${body} };\n`;
}
