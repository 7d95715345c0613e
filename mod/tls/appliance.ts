/**
 * TLS settings that the supervisor passes to its workers in the environment: which sockets use TLS,
 * the certificate and the ticket seed. Every generation and worker has the same ones.
 */
import { StartError } from "../base/errors.ts";
import { bothIn, keepPair, openPair, pemOf } from "./kept_pair.ts";
import { opensslFault } from "./openssl_fault.ts";
import { makeSelfSigned } from "./self_signed.ts";
import type { CertificateFiles, Identity } from "./server_context.ts";

/** Names of the environment variables. Users may set the first two. */
export const tlsVariables = {
  certificate: "HAYATE_CERT",
  key: "HAYATE_KEY",
  /** Names as in SERVER_STARTER_PORT, separated by `;`. */
  sockets: "HAYATE_TLS_SOCKETS",
  ticketSeed: "HAYATE_TICKET_SEED",
  /** A self-signed pair as PEM, where workers cannot open files of the supervisor. */
  selfSigned: "HAYATE_SELF_SIGNED",
  /** Names with certificates of their own: `name=file` separated by spaces; a file has the key too. */
  named: "HAYATE_TLS_NAMED",
  /** Folder of pending TLS-ALPN-01 challenges. */
  challenges: "HAYATE_TLS_CHALLENGES",
  /** Why no certificate is ordered from the CA, for the status page. */
  notOrdered: "HAYATE_TLS_NOT_ORDERED",
  /** Set for all workers but the first one, which reports for all what their files say. */
  silent: "HAYATE_TLS_SILENT",
} as const;

type Variables = Readonly<Record<string, string | undefined>>;

/** The variables of one of several workers of a parent; `slot` 0 is the first one. */
export function reportVariables(slot: number): Readonly<Record<string, string>> {
  return slot > 0 ? { [tlsVariables.silent]: "1" } : {};
}

/** The supervisor's TLS settings for its workers. */
export interface ApplianceTls {
  readonly variables: Readonly<Record<string, string>>;
  /** Message for the user, or "". */
  readonly note: string;
  /** For a supervisor that takes over; null: the certificate is not ours. */
  readonly selfSigned: string | null;
  dispose(): void;
}

/** What another supervisor has used, so that its clients notice no change. */
export interface FormerTls {
  readonly ticketSeed: string | null;
  /** Certificate and key in PEM; null: it was not self-signed. */
  readonly selfSigned: string | null;
}

const noFormer: FormerTls = { ticketSeed: null, selfSigned: null };

/**
 * Finds or creates the certificate for `sockets`. Without OpenSSL on the host the sockets use plain
 * HTTP, and the note says so. Throws `StartError` when only one of HAYATE_CERT and HAYATE_KEY is set.
 */
export function prepareAppliance(
  sockets: readonly string[],
  variables: Variables,
  former: FormerTls = noFormer,
  isRoot = Deno.uid() === 0,
): ApplianceTls {
  const certificate = variables[tlsVariables.certificate];
  const key = variables[tlsVariables.key];
  if ((certificate ?? "") !== "" || (key ?? "") !== "") {
    if (!certificate || !key) {
      throw new StartError("HAYATE_CERT and HAYATE_KEY: set both or neither");
    }
    return appliance(sockets, pathsOf(certificate, key), former);
  }
  const fault = opensslFault();
  if (fault !== null) {
    const note = `${fault}; ${sockets.join(", ")} will use plain HTTP`;
    return { variables: {}, note, selfSigned: null, dispose: () => {} };
  }
  return selfSigned(sockets, former, isRoot);
}

function selfSigned(
  sockets: readonly string[],
  former: FormerTls,
  isRoot: boolean,
): ApplianceTls {
  const names = [...new Set(["localhost", Deno.hostname(), "127.0.0.1", "::1"])];
  const pem = former.selfSigned ?? pemOf(makeSelfSigned(names));
  const { pair, dispose } = keepSelfSigned(pem, isRoot);
  const note = `TLS on ${sockets.join(", ")} with a self-signed certificate for ` +
    `${names.slice(0, 2).join(", ")}; set HAYATE_CERT and HAYATE_KEY to use your own`;
  return { ...appliance(sockets, pair, former), note, selfSigned: pem, dispose };
}

/** The variables that name a pair of files. */
function pathsOf(certificate: string, key: string): Record<string, string> {
  return { [tlsVariables.certificate]: certificate, [tlsVariables.key]: key };
}

/** A pair for the workers until `dispose`, as variables: as PEM only this user can read it, too. */
function keepSelfSigned(pem: string, isRoot?: boolean) {
  const { path, dispose } = keepPair(pem, isRoot);
  const pair = path === null ? { [tlsVariables.selfSigned]: pem } : pathsOf(path, path);
  return { pair, dispose };
}

/** Certificates of a CA by name. */
export interface NamedCertificates {
  readonly names: readonly string[];
  /** Where they are kept; null: nowhere, and a self-signed one stands in for all of them. */
  readonly place: {
    /** One file for each name. */
    readonly files: ReadonlyMap<string, string>;
    /** Folder of pending challenges. */
    readonly challengeFolder: string;
  } | null;
  /** Why nothing is ordered; null: it is. */
  readonly fault: string | null;
}

/** TLS settings for certificates that are given by name. */
export function namedAppliance(
  sockets: readonly string[],
  { names, place, fault }: NamedCertificates,
  former: FormerTls = noFormer,
): ApplianceTls {
  const notOrdered = fault === null ? {} : { [tlsVariables.notOrdered]: fault };
  if (place === null) {
    const { pair, dispose } = keepSelfSigned(pemOf(makeSelfSigned(names)));
    const tls = appliance(sockets, { ...pair, ...notOrdered }, former);
    return { ...tls, dispose };
  }
  const [first] = place.files.values();
  return appliance(sockets, {
    ...pathsOf(first, first),
    [tlsVariables.named]: [...place.files].map(([name, file]) => `${name}=${file}`).join(" "),
    [tlsVariables.challenges]: place.challengeFolder,
    ...notOrdered,
  }, former);
}

function appliance(
  sockets: readonly string[],
  identity: Readonly<Record<string, string>>,
  former: FormerTls,
): ApplianceTls {
  const variables = {
    ...identity,
    [tlsVariables.sockets]: sockets.join(";"),
    [tlsVariables.ticketSeed]: former.ticketSeed ?? freshTicketSeed(),
  };
  return { variables, note: "", selfSigned: null, dispose: () => {} };
}

/** The secret that ticket keys are derived from, shared by all processes that resume sessions. */
export function freshTicketSeed(): string {
  return crypto.getRandomValues(new Uint8Array(32)).toHex();
}

/** The settings as a worker reads them. */
export interface InheritedTls {
  /** Names as in SERVER_STARTER_PORT. */
  readonly sockets: ReadonlySet<string>;
  /** The default one first. Not empty. */
  readonly identities: readonly Identity[];
  /** Folder of pending TLS-ALPN-01 challenges; null: none. */
  readonly challengeFolder: string | null;
  /** Why no certificate is ordered from a CA, although one should be; null: nothing to say. */
  readonly notOrdered: string | null;
  readonly ticketSeed: string | null;
}

/**
 * The seed from the supervisor or master; null without one, or when it is too short to be secret,
 * because ticket keys must not be derived from a guessable value.
 */
export function readTicketSeed(
  variable: (name: string) => string | undefined,
  warn: (line: string) => void,
): string | null {
  const seed = variable(tlsVariables.ticketSeed);
  if (seed === undefined) return null;
  if (/^[0-9a-f]{64}$/.test(seed)) return seed;
  warn(
    `${tlsVariables.ticketSeed} has ${seed.length} characters, expected 64 hexadecimal digits; ` +
      "ignoring it, so TLS sessions of other processes do not resume here",
  );
  return null;
}

function namedIdentities(text: string): readonly Identity[] {
  return text.split(" ").filter((part) => part.includes("=")).map((part) => {
    const at = part.indexOf("=");
    const file = part.slice(at + 1);
    return { certificates: [bothIn(file)], names: [part.slice(0, at)] };
  });
}

/** null when no supervisor has enabled TLS. */
export function readAppliance(
  variable: (name: string) => string | undefined,
  warn: (line: string) => void = () => {},
): InheritedTls | null {
  const sockets = variable(tlsVariables.sockets);
  if (!sockets) return null;
  const files = inheritedFiles(variable);
  if (files === null) return null;
  return {
    sockets: new Set(sockets.split(";")),
    identities: [
      { certificates: [files] },
      ...namedIdentities(variable(tlsVariables.named) ?? ""),
    ],
    challengeFolder: variable(tlsVariables.challenges) || null,
    notOrdered: variable(tlsVariables.notOrdered) || null,
    ticketSeed: readTicketSeed(variable, warn),
  };
}

/** The files that `readAppliance` names. */
export function applianceFiles(
  variable: (name: string) => string | undefined,
): { readonly files: readonly string[]; readonly challengeFolder: string | null } {
  const named = namedIdentities(variable(tlsVariables.named) ?? "");
  const all = named.flatMap(({ certificates }) => certificates);
  const pair = [variable(tlsVariables.certificate), variable(tlsVariables.key)];
  const files = [...pair, ...all.map(({ certificateFile }) => certificateFile)];
  return {
    files: [...new Set(files.filter((file): file is string => (file ?? "") !== ""))],
    challengeFolder: variable(tlsVariables.challenges) || null,
  };
}

function inheritedFiles(variable: (name: string) => string | undefined): CertificateFiles | null {
  const certificateFile = variable(tlsVariables.certificate);
  const keyFile = variable(tlsVariables.key);
  if (certificateFile && keyFile) return { certificateFile, keyFile };
  const pem = variable(tlsVariables.selfSigned);
  return pem ? openPair(pem) : null;
}
