/** Reads where `serve` listens, and whose certificates it shows there. Pure. */
import { chosenSettings, readDomains } from "../../acme/core/domains.ts";
import { acmeDefaults } from "../../acme/core/settings.ts";
import { type Address, unixPathBytesMax } from "../../base/address.ts";
import { type Environment, type ParsedOptions, Wrong } from "../../cli/mod.ts";
import { isUnixPath } from "../../config/addresses.ts";
import {
  emptyPortsFault,
  isTlsPort,
  portsDefault,
  portsVariable,
  readPorts,
} from "../../config/listen_spec.ts";
import { tlsVariables } from "../../tls/appliance.ts";
import type { serveTable } from "./flags.ts";
import { readHost } from "./option_values.ts";
import type { CertificatePlan, ListenPlan, SocketPlan } from "./plan.ts";

/** What the reading of one part adds to. */
interface Reading {
  readonly values: ParsedOptions<typeof serveTable>["values"];
  readonly environment: Environment;
  readonly errors: string[];
  /** Of --domain, or of TLS_DOMAIN where no supervisor orders; empty: none. */
  readonly domains: readonly string[];
  /** Sockets of a supervisor, which replace our own. */
  readonly inherits: boolean;
}

/** The default of --host: with it a bare port of PORTS means IPv6, too. */
const anyHost = "0.0.0.0";
const portDefault = { kind: "tcp", port: 8080 } as const;

/** Adds what is wrong to `errors`. */
export function readListen(
  { values }: ParsedOptions<typeof serveTable>,
  environment: Environment = () => undefined,
  errors: string[],
): ListenPlan {
  const isForUs = environment("LISTEN_PID") === String(Deno.pid);
  const inherits = Boolean(environment("SERVER_STARTER_PORT")) ||
    (isForUs && Boolean(environment("LISTEN_FDS")));
  const domains = domainsOf(values, environment, errors);
  const reading = { values, environment, errors, domains, inherits };
  const sockets = readSockets(reading);
  return {
    sockets,
    reusePort: values.reusePort,
    backlog: values.backlog,
    pathMode: values.pathMode,
    pathOwner: readOwner(values.pathOwner, errors),
    everyTls: values.tls,
    certificate: readCertificate(reading, values.tls || sockets.some(({ tls }) => tls)),
  };
}

function domainsOf(
  values: Reading["values"],
  environment: Environment,
  errors: string[],
): readonly string[] {
  const isFlag = values.domain.length > 0;
  // The supervisor that has taken TLS_DOMAIN orders itself.
  const text = isFlag
    ? values.domain.join(",")
    : environment(tlsVariables.challenges)
    ? ""
    : environment("TLS_DOMAIN") ?? "";
  const { names, fault } = readDomains(text);
  if (fault !== null) errors.push(`${isFlag ? "--domain" : "TLS_DOMAIN"}: ${fault}`);
  else if (isFlag && names.length === 0) errors.push("--domain: names no domain");
  return names;
}

function readSockets(reading: Reading): readonly SocketPlan[] {
  const { values, environment, errors, domains, inherits } = reading;
  for (const path of values.path) {
    if (!isUnixPath(path.startsWith("/") ? path : `/${path}`)) {
      errors.push(`--path ${path}: longer than the ${unixPathBytesMax} bytes of a socket address`);
    }
  }
  if (values.port.length + values.path.length > 0) {
    return [...values.port.map((port) => portSocket(port, reading)), ...pathSockets(reading)];
  }
  const variable = inherits ? null : portsVariable(environment);
  const fault = variable === null ? null : emptyPortsFault(variable);
  if (fault !== null) errors.push(`${fault} for ${domains.length > 0 ? "80 and 443" : 8080}`);
  else if (variable !== null) return namedSockets(variable.name, variable.text, reading);
  else if (domains.length > 0) return namedSockets("PORTS", portsDefault, reading);
  return [{ address: { ...portDefault, host: values.host }, tls: values.tls }];
}

function portSocket(
  { host, port, tls }: Reading["values"]["port"][number],
  { values, domains }: Reading,
): SocketPlan {
  const address: Address = { kind: "tcp", host: host ?? values.host, port };
  return { address, tls: values.tls || tls || (domains.length > 0 && isTlsPort(address)) };
}

function pathSockets({ values }: Reading): readonly SocketPlan[] {
  return values.path.map((path) => ({ address: { kind: "unix", path }, tls: values.tls }));
}

/** The entries of PORTS. */
function namedSockets(
  variable: string,
  text: string,
  { values, errors }: Reading,
): readonly SocketPlan[] {
  const sockets: SocketPlan[] = [];
  for (const spec of readPorts(text, values.host === anyHost)) {
    if (typeof spec === "string") {
      errors.push(`${variable}: ${spec}`);
    } else if (spec.datagram || spec.number !== null) {
      errors.push(`${variable}: ${spec.name}: UDP and descriptor numbers need hayate supervise`);
    } else {
      const { address } = spec;
      const where = address.kind === "tcp" ? withHost(spec.name, address, values.host) : address;
      const twin = spec.isTwin ? { isTwin: true } : {};
      if (where instanceof Wrong) errors.push(`${variable}: ${spec.name}: ${where.reason}`);
      else sockets.push({ address: where, tls: values.tls || spec.tls, ...twin });
    }
  }
  return sockets;
}

/** `host`: for an entry without one, which has the port alone for its name. */
function withHost(
  name: string,
  address: Address & { kind: "tcp" },
  host: string,
): Address | Wrong {
  const found = name === String(address.port) ? host : readHost(address.host);
  return found instanceof Wrong ? found : { ...address, host: found };
}

/** `hasTls`: one of the sockets to bind speaks TLS, or all are to. */
function readCertificate(reading: Reading, hasTls: boolean): CertificatePlan | null {
  const { values, environment, errors, domains, inherits } = reading;
  const { cert, key } = values;
  const isDomain = values.domain.length > 0;
  checkAcmeFlags(reading);
  const flag = isDomain ? "--domain" : cert !== null ? "--cert" : key !== null ? "--key" : null;
  if (flag !== null && !hasTls && !inherits) {
    const where = isDomain ? "one that ends in 443, " : "";
    errors.push(`${flag} needs a port for TLS: ${where}--port PORT/tls, or --tls`);
  }
  if (cert !== null || key !== null) {
    if (cert === null) errors.push("--key needs --cert FILE");
    if (key === null) errors.push("--cert needs --key FILE");
    if (isDomain) errors.push("--domain and --cert: give only one of them");
    return { kind: "files", certificateFile: cert ?? "", keyFile: key ?? "" };
  }
  if (isDomain) return managed(reading);
  // What a supervisor has set up for its sockets is used as it is.
  if (inherits && environment(tlsVariables.sockets)) return null;
  return hasTls || domains.length > 0 ? chosenByVariables(reading) : null;
}

function chosenByVariables(reading: Reading): CertificatePlan {
  const { environment, errors, domains } = reading;
  const certificateFile = environment(tlsVariables.certificate) ?? "";
  const keyFile = environment(tlsVariables.key) ?? "";
  if (certificateFile === "" && keyFile === "") {
    return domains.length > 0 ? managed(reading) : { kind: "self-signed" };
  }
  if (certificateFile === "" || keyFile === "") {
    errors.push("HAYATE_CERT and HAYATE_KEY: set both or neither");
  }
  if (domains.length > 0) errors.push("TLS_DOMAIN and HAYATE_CERT: set only one of them");
  return { kind: "files", certificateFile, keyFile };
}

function managed({ values, errors, domains }: Reading): CertificatePlan {
  const settings = chosenSettings({
    email: values.acmeEmail,
    directory: values.acmeDirectory,
    caFile: values.acmeCaFile,
    state: values.acmeState,
  });
  if (settings === null) errors.push(`--acme-directory ${values.acmeDirectory}: not a URL`);
  return {
    kind: "managed",
    by: values.domain.length > 0 ? "--domain" : "TLS_DOMAIN",
    names: domains,
    settings: settings ?? acmeDefaults,
  };
}

/** Their variables may be set for other programs; the flags are meant for this run. */
function checkAcmeFlags({ values, environment, errors }: Reading): void {
  if (values.domain.length > 0 || environment("TLS_DOMAIN")) return;
  const flags = [
    ["--acme-email", values.acmeEmail, "ACME_EMAIL"],
    ["--acme-directory", values.acmeDirectory, "ACME_DIRECTORY"],
    ["--acme-ca-file", values.acmeCaFile, "ACME_CA_FILE"],
    ["--acme-state", values.acmeState, "ACME_STATE"],
  ] as const;
  for (const [flag, value, variable] of flags) {
    if (value !== null && environment(variable) !== value) {
      errors.push(`${flag} needs --domain NAME`);
    }
  }
}

function readOwner(text: string | null, errors: string[]): ListenPlan["pathOwner"] {
  if (text === null) return null;
  const match = /^(\d+)(?::(\d+))?$/.exec(text);
  if (match === null) {
    errors.push(`--path-owner ${text}: not a numeric UID or UID:GID`);
    return null;
  }
  return { uid: Number(match[1]), gid: match[2] === undefined ? null : Number(match[2]) };
}
