/** `scripts/image [--tag NAME] [--test]`: builds the image, and tests it with `--test`. */
import { makeContext } from "./image_context.ts";
import { type Engine, findEngine, ImageError } from "./image_engine.ts";

const root = Deno.env.get("HAYATE_ROOT") ?? new URL("..", import.meta.url).pathname;
const usage = `usage: scripts/image [--tag NAME] [--ca FILE] [--test]

  --tag NAME  name of the image (default: hayate)
  --ca FILE   certificate in PEM form that downloads of the build trust besides the well-known ones
  --test      builds it, then runs tests/image against it; the last line counts them`;

const options = parse(Deno.args);
try {
  const engine = await findEngine();
  await build(engine, options);
  if (options.test) Deno.exit(await test(engine, options.tag));
} catch (error) {
  if (!(error instanceof ImageError)) throw error;
  console.error(`image: ${error.message}`);
  Deno.exit(1);
}

interface Options {
  tag: string;
  ca: string | null;
  test: boolean;
}

function parse(args: readonly string[]): Options {
  const options: Options = { tag: "hayate", ca: null, test: false };
  for (let index = 0; index < args.length; index++) {
    if (args[index] === "--test") options.test = true;
    else if (args[index] === "--tag" && args[index + 1]) options.tag = args[++index];
    else if (args[index] === "--ca" && args[index + 1]) options.ca = args[++index];
    else {
      const help = args[index] === "--help";
      (help ? console.log : console.error)(
        help ? usage : `image: unknown: ${args[index]}\n${usage}`,
      );
      Deno.exit(help ? 0 : 2);
    }
  }
  return options;
}

async function build(engine: Engine, { tag, ca }: Options): Promise<void> {
  const startMs = performance.now();
  const args: Record<string, string> = ca === null ? {} : { CA_CERT: await readCertificate(ca) };
  const context = await makeContext(root);
  try {
    await engine.build(context, tag, args);
  } finally {
    await Deno.remove(context, { recursive: true });
  }
  const seconds = ((performance.now() - startMs) / 1000).toFixed(0);
  console.error(`built the image ${tag} with ${engine.name} in ${seconds} s`);
}

async function readCertificate(path: string): Promise<string> {
  try {
    return await Deno.readTextFile(path);
  } catch (error) {
    throw new ImageError(`cannot read the certificate ${path}: ${(error as Error).message}`);
  }
}

/** Runs the tests, which print their own counts; returns their exit code. */
async function test(engine: Engine, tag: string): Promise<number> {
  const runner = new Deno.Command(`${root}/scripts/test`, {
    args: ["--only", "image"],
    env: { HAYATE_IMAGE: tag, HAYATE_ENGINE: engine.name },
    stdin: "null",
  });
  return (await runner.spawn().status).code;
}
