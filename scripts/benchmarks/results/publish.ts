/** Writes the record of a comparison, and makes RESULTS.md and its pictures from all records. */
import type { Comparison } from "../comparison.ts";
import type { Row } from "../measure.ts";
import { renderGrowth } from "./growth_chart.ts";
import { isGrowth, picturesFolder, renderPage } from "./page.ts";
import type { ComparisonRecord } from "./record.ts";
import { readRecords, writeRecord } from "./record_files.ts";

/** The first section that the bench leaves alone. */
const restBegins = "\n## Soak\n";

/**
 * `folder` holds RESULTS.md, the records and the pictures. A comparison whose rows have all failed
 * keeps its record.
 */
export async function publish(
  folder: string,
  comparisons: readonly Comparison[],
  measured: ComparisonRecord,
): Promise<void> {
  const recordsFolder = `${folder}/records`;
  if (measured.rows.length > 0) await writeRecord(recordsFolder, measured);
  const records = await readRecords(recordsFolder, comparisons.map(({ name }) => name));
  await drawPictures(`${folder}/${picturesFolder}`, records.filter(isGrowth));
  const page = `${folder}/RESULTS.md`;
  const introduction = await Deno.readTextFile(new URL("introduction.md", import.meta.url));
  const headlines = comparisons.filter(({ isCore }) => isCore).map(({ name }) => name);
  await Deno.writeTextFile(
    page,
    renderPage({ introduction, records, headlines: new Set(headlines), rest: await restOf(page) }),
  );
  const { success } = await new Deno.Command(Deno.execPath(), {
    args: ["fmt", "--quiet", "--config", configFile, page],
  }).output();
  if (!success) throw new Error(`deno fmt cannot format ${page}`);
}

const configFile = new URL("../../../deno.json", import.meta.url).pathname;

async function drawPictures(folder: string, records: readonly ComparisonRecord[]): Promise<void> {
  if (records.length > 0) await Deno.mkdir(folder, { recursive: true });
  for (const { comparison, title, rows } of records) {
    const points = rows.filter((row): row is Row => row.judged !== "gauge");
    await Deno.writeTextFile(`${folder}/${comparison}.svg`, renderGrowth(title, points));
  }
}

/** What follows the bench's part of the page. */
async function restOf(page: string): Promise<string> {
  try {
    const text = await Deno.readTextFile(page);
    const at = text.indexOf(restBegins);
    return at < 0 ? "" : text.slice(at);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return "";
    throw error;
  }
}
