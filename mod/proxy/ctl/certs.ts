/** `hayate proxy certs`: the certificates that a CA has given, as the state folder has them. */
import { exitCodes, StartError, systemReason } from "../../base/errors.ts";
import { stateDefault } from "../../acme/core/settings.ts";
import { daysLeft, managedStatus } from "../../acme/store/certificate_status.ts";
import { StateFolder } from "../../acme/store/state_folder.ts";
import { readOptions } from "../../cli/mod.ts";
import { getVariable } from "../../process/environment.ts";
import { findConfigFile, loadPlan } from "../directives/config_file.ts";
import { certsTable } from "./certs_flags.ts";
import { padColumns, printText } from "./report.ts";

const headings = ["name", "issuer", "days left", "next", "last error"];

/** Runs with the argv after `certs`; returns the exit code. Throws `StartError`. */
export function runCerts(argv: readonly string[]): number {
  const { values } = readOptions(certsTable, argv, getVariable);
  const folder = new StateFolder(values.state ?? stateOf(values.conf) ?? stateDefault);
  printText(renderCertificates(folder, Date.now()));
  return exitCodes.ok;
}

/** One line for each name. Throws `StartError` when the folder cannot be read. */
export function renderCertificates(folder: StateFolder, nowMs: number): string {
  let names: readonly string[];
  try {
    names = folder.names();
  } catch (error) {
    const reason = systemReason(error);
    throw new StartError(
      `cannot read ${folder.path}: ${reason}; where it cannot be written nothing is ordered, as ` +
        "the log and the status page say",
    );
  }
  return padColumns([headings, ...names.map((name) => rowOf(folder, name, nowMs))]);
}

function rowOf(folder: StateFolder, name: string, nowMs: number): string[] {
  const status = managedStatus(folder, name);
  const { issuer, lastError } = status;
  const nextMs = status.nextMs ?? 0;
  if (issuer === null) return [name, "unreadable", "-", "-", lastError];
  return [
    name,
    status.isSelfSigned ? "self-signed" : issuer,
    String(daysLeft(status, nowMs)),
    nextMs <= nowMs ? "now" : new Date(nextMs).toISOString().slice(0, 16).replace("T", " "),
    lastError,
  ];
}

function stateOf(conf: string | null): string | null {
  const file = findConfigFile(conf);
  return file === null ? null : loadPlan(file, false).global.acme?.state ?? null;
}
