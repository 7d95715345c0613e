/** Time from exec to the first answer of an app in TypeScript, with and without what is cached. */
import type {
  GaugeConditions,
  GaugeContender,
  GaugeGoal,
  GaugeSetting,
  Place,
  ServerSpec,
} from "../comparison.ts";
import { findProgram, whyAbsent } from "../programs.ts";
import { whyNoPackages } from "../packages.ts";
import { writeFiles } from "../test_bed.ts";
import { startsOf, timeFirstAnswer } from "./start_time.ts";

/** `cold`: nothing is cached. `edited`: one file differs from the start before. */
export type Cached = "cold" | "edited" | "warm";

/** The programs that serve `app.ts`, each with a folder for what it caches. */
function serversOf(folder: string): readonly ServerSpec[] {
  const app = `${folder}/app.ts`;
  const portOf = ({ address }: Place) => address.kind === "tcp" ? String(address.port) : "";
  return [
    {
      name: "hayate serve app.ts",
      program: "hayate",
      args: (place) => [
        ...["serve", "-q", "--workers", "1", "--host", "127.0.0.1", "--port", portOf(place)],
        app,
      ],
      env: { XDG_CACHE_HOME: cacheOf(folder, "hayate") },
    },
    {
      name: "deno serve",
      program: "deno",
      args: (place) => [
        ...["serve", "--quiet", "--no-lock", "--node-modules-dir=manual", "--allow-all"],
        ...["--host", "127.0.0.1", "--port", portOf(place), app],
      ],
      env: { DENO_DIR: cacheOf(folder, "deno") },
    },
    {
      name: "bun run",
      program: "bun",
      args: (place) => ["run", `--port=${portOf(place)}`, app],
      env: {
        NODE_ENV: "production",
        BUN_RUNTIME_TRANSPILER_CACHE_PATH: cacheOf(folder, "bun"),
      },
    },
  ];
}

function cacheOf(folder: string, program: string): string {
  return `${folder}/cache-${program}`;
}

const routeCount = 9;

/** An app of ten files: its entry, and a file for each of nine routes. */
function appFiles(): Record<string, string> {
  const numbers = Array.from({ length: routeCount }, (_, index) => index + 1);
  return {
    ...Object.assign({}, ...numbers.map((number) => routeFile(number, 0))),
    "app.ts": `import { Hono } from "hono";
${numbers.map((each) => `import { route${each} } from "./routes/route${each}.ts";`).join("\n")}

const app: Hono = new Hono();
app.get("/", (c) => c.text("hello world\\n"));
${numbers.map((each) => `app.route("/part${each}", route${each});`).join("\n")}
export default app;
`,
  };
}

function routeFile(number: number, version: number): Record<string, string> {
  return { [`routes/route${number}.ts`]: routeText(number, version) };
}

function routeText(number: number, version: number): string {
  return `import { Hono } from "hono";

interface Item {
  readonly id: string;
  readonly version: number;
}

const items: Map<string, Item> = new Map();
export const route${number}: Hono = new Hono();
route${number}.get("/items", (c) => c.json([...items.values()]));
route${number}.post("/items/:id", async (c) => {
  const item = { ...(await c.req.json() as Item), id: c.req.param("id"), version: ${version} };
  items.set(item.id, item);
  return c.json(item, 201);
});
`;
}

/** Milliseconds until each server's first answer, in turns. `packages`: what the app imports. */
export function appStart(
  text: string,
  cached: Cached,
  goal: GaugeGoal | null,
  packages: Readonly<Record<string, string>>,
): GaugeSetting {
  return {
    text,
    goal,
    secondsFor: (effort) => serversOf("").length * startsOf(effort) * 0.4,
    async measure(conditions) {
      const folder = await Deno.makeTempDir({ prefix: "hayate-bench-" });
      try {
        const noPackages = await whyNoPackages(folder, packages);
        await writeFiles(folder, appFiles());
        return await inTurns(folder, cached, noPackages, conditions);
      } finally {
        await Deno.remove(folder, { recursive: true });
      }
    },
  };
}

async function inTurns(
  folder: string,
  cached: Cached,
  noPackages: string | null,
  { effort, progress }: GaugeConditions,
): Promise<GaugeContender[]> {
  const servers = serversOf(folder);
  const all = servers.map(({ name, program }) => ({
    name,
    samples: [] as number[],
    missing: findProgram(program) === null ? whyAbsent(program) : noPackages,
  }));
  // Start 0 fills the caches and is not counted.
  for (let start = 0; start <= startsOf(effort); start++) {
    if (cached === "edited") await writeFiles(folder, routeFile(routeCount, start));
    for (const [index, server] of servers.entries()) {
      if (all[index].missing !== null) continue;
      progress(`${server.name}: start ${start}`);
      await prepareCache(cacheOf(folder, server.program), cached);
      const ms = await timeFirstAnswer(server, folder);
      if (start > 0) all[index].samples.push(ms);
    }
  }
  return all;
}

async function prepareCache(cache: string, cached: Cached): Promise<void> {
  // hayate uses no cache that others may write.
  const options = { recursive: true, mode: 0o700 };
  await Deno.mkdir(cache, options);
  if (cached !== "cold") return;
  await Deno.remove(cache, { recursive: true });
  await Deno.mkdir(cache, options);
}
