/** Builds `dist/hayate` with `deno compile`; does nothing when no input has changed since the last build. */
import { compileProgram } from "./compile_program.ts";
import { ensureDenort } from "./denort.ts";
import { hashFiles, listInputs } from "./build_inputs.ts";
import { missingModules } from "./missing_modules.ts";

const root = Deno.env.get("HAYATE_ROOT") ?? new URL("..", import.meta.url).pathname;
const output = `${root}/dist/hayate`;
const stamp = `${root}/dist/.stamp`;

if (Deno.args.length > 0) {
  const isHelp = ["-h", "--help"].includes(Deno.args[0]);
  if (!isHelp) console.error(`build: takes no arguments, found ${Deno.args[0]}`);
  console.error(
    "usage: scripts/build    builds dist/hayate and dist/hayate.1 when a source has changed",
  );
  Deno.exit(isHelp ? 0 : 2);
}

const digest = await hashFiles(root, await listInputs(root));
if (await readOrEmpty(stamp) === digest && await readOrEmpty(output, 1) !== "") {
  console.error("dist/hayate is up to date");
  Deno.exit(0);
}
const missing = await missingModules(root);
if (missing.length > 0) {
  for (const line of missing) console.error(`build: ${line}`);
  Deno.exit(1);
}
await Deno.mkdir(`${root}/dist`, { recursive: true });
const denort = await ensureDenort();
// A rename at the end: whoever runs dist/hayate meanwhile keeps the old file, and an
// interrupted build leaves nothing half written under that name.
const fresh = `${output}.new-${Deno.pid}`;
const env: Record<string, string> = denort === null ? {} : { DENORT_BIN: denort };
try {
  await compileProgram({ root, output: fresh, bundle: `${root}/dist/.bundle-${Deno.pid}`, env });
} catch (error) {
  console.error(`build: ${(error as Error).message}`);
  Deno.exit(1);
}
await Deno.writeFile(`${root}/dist/hayate.1`, await manPage(fresh));
await Deno.rename(fresh, output);
await Deno.writeTextFile(stamp, digest);
const megabytes = (await Deno.stat(output)).size / 1e6;
console.error(`built dist/hayate (${megabytes.toFixed(0)} MB)`);

/** The man page, which the program makes from its own flag tables. */
async function manPage(program: string): Promise<Uint8Array<ArrayBuffer>> {
  const page = await new Deno.Command(program, { args: ["help", "man"], stderr: "inherit" })
    .output();
  if (page.success) return page.stdout;
  console.error("build: the program that was built cannot print its man page, see above");
  Deno.exit(1);
}

/** The file's text, or "" where there is none; with `bytesMax`, only proves that the file has any bytes. */
async function readOrEmpty(path: string, bytesMax = Infinity): Promise<string> {
  try {
    if (bytesMax !== Infinity) return (await Deno.stat(path)).size > 0 ? "x" : "";
    return await Deno.readTextFile(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return "";
    throw error;
  }
}
