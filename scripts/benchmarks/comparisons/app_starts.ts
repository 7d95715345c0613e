import type { GaugeComparison } from "../comparison.ts";
import { appStart } from "../gauges/app_start.ts";
import { honoPackage } from "./app_kinds.ts";

const app = "hono and ten files";

/** Beside `deno serve`, which transpiles each file and bundles none. */
export const appStarts: GaugeComparison = {
  name: "app-start",
  title: "from exec to the first answer of an app in TypeScript, one worker",
  judged: "gauge",
  unit: "ms",
  programs: ["deno", "bun"],
  settings: [
    appStart(
      `${app}, nothing cached`,
      "cold",
      { ratioMax: 1.3, beside: "deno serve" },
      honoPackage,
    ),
    appStart(`${app}, one file edited`, "edited", null, honoPackage),
    appStart(`${app}, as before`, "warm", { ratioMax: 1, beside: "deno serve" }, honoPackage),
  ],
  isCore: false,
};
