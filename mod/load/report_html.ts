import type { ReportJson } from "./report_json.ts";
export function htmlReport(_report: ReportJson): Promise<string> {
  return Promise.resolve("");
}
