/** TLS that `serve` sets up itself: on which sockets, with whose certificates, for all its workers. */
import type { CertificatesHost } from "../../acme/certificates.ts";
import type { Address } from "../../base/address.ts";
import { StartError } from "../../base/errors.ts";
import { isTlsPort } from "../../config/listen_spec.ts";
import type { Logger } from "../../log/mod.ts";
import type { Variables } from "../../process/environment.ts";
import {
  namedAppliance,
  prepareAppliance,
  readAppliance,
  readTicketSeed,
  tlsVariables,
} from "../../tls/appliance.ts";
import { opensslFault } from "../../tls/openssl_fault.ts";
import { ServerContext } from "../../tls/server_context.ts";
import type { CertificatePlan, ListenPlan } from "../plan/plan.ts";

/** A socket that is open, or will be. */
export interface NamedSocket {
  /** As in SERVER_STARTER_PORT. */
  readonly name: string;
  readonly address: Address;
  /** The plan says that its clients speak TLS; false for an inherited one. */
  readonly tls: boolean;
}

export interface OwnTls {
  /** What workers need to know besides the variables of this process; see `readAppliance`. */
  readonly variables: Variables;
  /** Whether clients of the socket speak TLS. */
  isSecure(socketName: string): boolean;
  /** Call it when a worker serves: the CA's validation must find one. */
  begin(host: Pick<CertificatesHost, "setTimer" | "clearTimer">): void;
  /** Ends an order. Call it before the sockets are closed for good. */
  stop(): void;
  /** Call it when the last worker has ended. */
  dispose(): void;
}

/** The certificates, and what comes with them. */
type Presented = Omit<OwnTls, "isSecure">;

/** Those of a supervisor are for its own certificates. */
const unsetNames: Variables = { [tlsVariables.named]: "" };

const nothing: Presented = {
  variables: {},
  begin: () => {},
  stop: () => {},
  dispose: () => {},
};

/**
 * Makes the certificates ready. `variables`: those of this process. Throws `StartError` for files that
 * cannot be used, and where TLS is asked for and no socket speaks it.
 */
export async function prepareOwnTls(
  plan: ListenPlan,
  sockets: readonly NamedSocket[],
  isInherited: boolean,
  variables: Variables,
  log: Logger,
): Promise<OwnTls> {
  const secure = secureNames(plan, sockets, isInherited, variables);
  const own = await presentOn(secure, plan, sockets, variables, log);
  const named = own.variables[tlsVariables.sockets] ?? variables[tlsVariables.sockets];
  const names = new Set(named?.split(";"));
  return { ...own, isSecure: (name) => names.has(name) };
}

async function presentOn(
  secure: readonly string[],
  { certificate, everyTls }: ListenPlan,
  sockets: readonly NamedSocket[],
  variables: Variables,
  log: Logger,
): Promise<Presented> {
  // Certificates of the supervisor, maybe on more sockets than it says.
  if (certificate === null) {
    return everyTls ? { ...nothing, variables: socketsVariable(secure) } : nothing;
  }
  if (secure.length === 0) return unused(certificate, log);
  const missing = everyTls || certificate.kind !== "self-signed" ? opensslFault() : null;
  if (missing !== null) throw new StartError(`TLS: ${missing}`);
  const own = certificate.kind === "managed"
    ? await manage(certificate, secure, sockets, log)
    : present(certificate, secure, log);
  try {
    return { ...own, variables: checked({ ...own.variables, ...keptSeed(variables) }) };
  } catch (error) {
    own.dispose();
    throw error;
  }
}

/** Names of the sockets whose clients speak TLS. */
function secureNames(
  { everyTls }: ListenPlan,
  sockets: readonly NamedSocket[],
  isInherited: boolean,
  variables: Variables,
): readonly string[] {
  const named = variables[tlsVariables.sockets]?.split(";");
  const isSecure = ({ name, address, tls }: NamedSocket) =>
    everyTls || (isInherited ? named?.includes(name) ?? isTlsPort(address) : tls);
  return [...new Set(sockets.filter(isSecure).map(({ name }) => name))];
}

function socketsVariable(names: readonly string[]): Variables {
  return { [tlsVariables.sockets]: names.join(";") };
}

/** A variable may be meant for other programs; a flag is not. */
function unused(certificate: CertificatePlan, log: Logger): Presented {
  if (certificate.kind === "managed" && certificate.by === "TLS_DOMAIN") {
    log.warn("TLS_DOMAIN is not used: no port ends in 443 or /tls");
    return nothing;
  }
  const flag = certificate.kind === "managed" ? "--domain" : "--cert";
  throw new StartError(`${flag}: no socket is for TLS; with --tls all of them are`);
}

async function manage(
  { names, settings, by }: CertificatePlan & { kind: "managed" },
  secure: readonly string[],
  sockets: readonly NamedSocket[],
  log: Logger,
): Promise<Presented> {
  // Loaded for those who order certificates.
  const { ManagedDomains } = await import("../../acme/managed_domains.ts");
  const { challengesOver } = await import("../../acme/challenge_ports.ts");
  const views = sockets.map(({ name, address }) => ({ address, tls: secure.includes(name) }));
  const domains = await ManagedDomains.prepare({
    names,
    settings,
    challenges: challengesOver(views),
  });
  if (domains.fault !== null) log.error(domains.fault);
  else log.info(domains.noteOf(by));
  const appliance = namedAppliance(secure, domains);
  return {
    variables: { ...unsetNames, ...appliance.variables },
    begin: (timers) =>
      domains.begin({
        ...timers,
        logger: log,
        nowMs: () => Date.now(),
        random: () => Math.random(),
      }),
    stop: () => domains.stop(),
    dispose: () => {
      domains.dispose();
      appliance.dispose();
    },
  };
}

/** A pair of files, or a new self-signed one. */
function present(
  certificate: CertificatePlan & { kind: "files" | "self-signed" },
  secure: readonly string[],
  log: Logger,
): Presented {
  const pair = certificate.kind === "self-signed" ? {} : {
    [tlsVariables.certificate]: certificate.certificateFile,
    [tlsVariables.key]: certificate.keyFile,
  };
  const { variables, note, dispose } = prepareAppliance(secure, pair);
  if (note !== "") log.info(note);
  return { ...nothing, variables: { ...unsetNames, ...variables }, dispose };
}

/** Sessions resume over all generations of a supervisor. */
function keptSeed(variables: Variables): Variables {
  const seed = readTicketSeed((name) => variables[name], () => {});
  return seed === null ? {} : { [tlsVariables.ticketSeed]: seed };
}

/** Throws `StartError` with the path of an unusable file. */
function checked(variables: Variables): Variables {
  const read = readAppliance((name) => variables[name]);
  if (read !== null) new ServerContext({ identities: read.identities }).free();
  return variables;
}
