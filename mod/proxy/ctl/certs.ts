/** `hayate proxy certs`: the certificates that a CA has given, as the state folder has them. */
import { exitCodes, StartError, systemReason } from "../../base/errors.ts";
import { stateDefault } from "../../acme/core/settings.ts";
import { StateFolder } from "../../acme/store/state_folder.ts";
import { readOptions, type Subcommand } from "../../cli/mod.ts";
import { getVariable } from "../../process/environment.ts";
import { findConfigFile, loadPlan } from "../directives/config_file.ts";
import { certsTable } from "./certs_flags.ts";
import { padColumns, printText } from "./report.ts";

const dayMs = 86_400_000;
const headings = ["name", "issuer", "days left", "next", "last error"];

export const certsCommand: Subcommand = {
  name: "certs",
  table: certsTable,
  run(argv): Promise<number> {
    const { values } = readOptions(certsTable, argv, getVariable);
    const folder = new StateFolder(values.state ?? stateOf(values.conf) ?? stateDefault);
    printText(renderCertificates(folder, Date.now()));
    return Promise.resolve(exitCodes.ok);
  },
};

/** One line for each name. Throws `StartError` when the folder cannot be read. */
export function renderCertificates(folder: StateFolder, nowMs: number): string {
  let names: readonly string[];
  try {
    names = folder.names();
  } catch (error) {
    throw new StartError(`cannot read ${folder.path}: ${systemReason(error)}`);
  }
  return padColumns([headings, ...names.map((name) => rowOf(folder, name, nowMs))]);
}

function rowOf(folder: StateFolder, name: string, nowMs: number): string[] {
  const facts = folder.readCertificate(name);
  const agenda = folder.findName(name);
  if (facts === null) return [name, "unreadable", "-", "-", agenda?.lastError ?? ""];
  const nextMs = Math.max(agenda?.retryAtMs ?? 0, agenda?.renewAtMs ?? 0);
  return [
    name,
    facts.isSelfSigned ? "self-signed" : facts.issuer,
    String(Math.floor((facts.notAfterMs - nowMs) / dayMs)),
    nextMs <= nowMs ? "now" : new Date(nextMs).toISOString().slice(0, 16).replace("T", " "),
    agenda?.lastError ?? "",
  ];
}

function stateOf(conf: string | null): string | null {
  const file = findConfigFile(conf);
  return file === null ? null : loadPlan(file, false).global.acme?.state ?? null;
}
