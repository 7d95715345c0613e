/** The machine and versions that a report was made with. */
import { version } from "../../base/version.ts";
import type { EnvironmentJson } from "./json/report_json.ts";

export function describeEnvironment(commandLine: readonly string[]): EnvironmentJson {
  const cpus = [...readOrEmpty("/proc/cpuinfo").matchAll(/^(?:model name|Hardware)\s*:\s*(.*)$/gm)];
  return {
    hayateVersion: version,
    denoVersion: Deno.version.deno,
    v8Version: Deno.version.v8,
    kernel: `${Deno.build.os} ${Deno.osRelease()}`,
    architecture: Deno.build.arch,
    hostName: Deno.hostname(),
    cpuCount: navigator.hardwareConcurrency,
    cpuModel: cpus[0]?.[1] ?? "unknown",
    commandLine,
  };
}

function readOrEmpty(path: string): string {
  try {
    return Deno.readTextFileSync(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return "";
    throw error;
  }
}
