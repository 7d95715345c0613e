/** `listen.ssl`: certificates and TLS settings of a listener. */
import type { Mutable } from "../../../base/mutable.ts";
import type { ConfigNode, Position } from "../../../config/mod.ts";
import type { CertificateFiles } from "../../../tls/server_context.ts";
import { groupNames } from "../../../tls/groups.ts";
import { versions } from "../../../tls/ssl_settings.ts";
import type { TlsPlan } from "../../plan/plan.ts";
import { anyText, choice, itemsOf, readMap, readScalar } from "../draft/directive.ts";
import type { LevelDraft } from "../draft/drafts.ts";

/** Directives that OpenSSL makes unnecessary, or whose feature hayate does not have. */
const ignoredKeys = [
  "dh-file",
  "max-tickets",
  "ocsp-update-cmd",
  "ocsp-update-interval",
  "ocsp-max-failures",
  "neverbleed",
  "ech",
];

const version = {
  allowed: `one of ${Object.keys(versions).join(", ")}`,
  parse: (text: string) =>
    Object.keys(versions).find((name) => name.toLowerCase() === text.toLowerCase()) ?? null,
};

/** A certificate and its key, given in `ssl` itself or in its list `identity`. */
interface Pair {
  certificateFile: string | null;
  keyFile: string | null;
}

/** Reads the mapping; returns null and reports a problem when a certificate or key is missing. */
export function readTls(draft: LevelDraft, node: ConfigNode, at: Position): TlsPlan | null {
  const name = "listen.ssl";
  if (node.kind !== "mapping") {
    draft.problem(
      node.at,
      `${name}: a mapping with certificate-file and key-file is expected`,
    );
    return null;
  }
  const pairs: Pair[] = [{ certificateFile: null, keyFile: null }];
  const plan: Mutable<TlsPlan> = {
    certificates: [],
    minimumVersion: null,
    maximumVersion: null,
    cipherSuite: null,
    cipherSuiteTls13: null,
    groups: null,
    preferServerCiphers: true,
    clientCaFile: null,
    ocspFile: null,
    at,
  };
  const text = (key: string, value: ConfigNode) =>
    readScalar(draft, `${name}.${key}`, value, anyText);
  const bound = (key: string, value: ConfigNode) =>
    readScalar(draft, `${name}.${key}`, value, version);
  readMap(draft, name, node, {
    ...pairKeys(draft, name, pairs[0]),
    identity: (value) => {
      for (const item of itemsOf(value)) readIdentity(draft, item, pairs);
    },
    "minimum-version": (value) => plan.minimumVersion = bound("minimum-version", value),
    "min-version": (value) => plan.minimumVersion = bound("min-version", value),
    "maximum-version": (value) => plan.maximumVersion = bound("maximum-version", value),
    "max-version": (value) => plan.maximumVersion = bound("max-version", value),
    "cipher-suite": (value) => plan.cipherSuite = text("cipher-suite", value),
    "cipher-suite-tls1.3": (value) => plan.cipherSuiteTls13 = readSuites(draft, value),
    "key-exchange-tls1.3": (value) => plan.groups = readGroups(draft, value),
    "cipher-preference": (value) => {
      const side = readScalar(
        draft,
        `${name}.cipher-preference`,
        value,
        choice("client", "server"),
      );
      plan.preferServerCiphers = side !== "client";
    },
    "ocsp-file": (value) => plan.ocspFile = text("ocsp-file", value),
    "client-ca-file": (value) => plan.clientCaFile = text("client-ca-file", value),
    ...Object.fromEntries(
      ignoredKeys.map((
        key,
      ) => [
        key,
        (value: ConfigNode) =>
          draft.notice(value.at, `${name}.${key}: hayate ignores this key of h2o`),
      ]),
    ),
  });
  // As in h2o, `acme` gives the certificate where none is named.
  if (draft.plan.global.acme !== null && !pairs.some(isNamed)) {
    if (plan.ocspFile !== null) {
      draft.problem(at, `${name}.ocsp-file: it belongs to a certificate-file, which is missing`);
    }
    return plan;
  }
  plan.certificates = completePairs(draft, at, pairs);
  return plan.certificates.length === 0 ? null : plan;
}

function pairKeys(draft: LevelDraft, name: string, pair: Pair) {
  return {
    "certificate-file": (value: ConfigNode) =>
      void (pair.certificateFile = readScalar(draft, `${name}.certificate-file`, value, anyText)),
    "key-file": (value: ConfigNode) =>
      void (pair.keyFile = readScalar(draft, `${name}.key-file`, value, anyText)),
  };
}

function readIdentity(draft: LevelDraft, item: ConfigNode, pairs: Pair[]): void {
  const name = "listen.ssl.identity";
  if (item.kind !== "mapping") {
    draft.problem(item.at, `${name}: mappings with certificate-file are expected`);
    return;
  }
  const pair: Pair = { certificateFile: null, keyFile: null };
  readMap(draft, name, item, pairKeys(draft, name, pair));
  pairs.push(pair);
}

/** Joins h2o's list of suites with colons, as OpenSSL expects it. */
function readSuites(draft: LevelDraft, value: ConfigNode): string | null {
  const suites = itemsOf(value).map((item) =>
    readScalar(draft, "listen.ssl.cipher-suite-tls1.3", item, anyText)
  );
  return suites.includes(null) ? null : suites.join(":");
}

const groupKind = {
  allowed: `one of ${Object.keys(groupNames).join(", ")}`,
  parse: (text: string) => groupNames[text.toLowerCase()] ?? null,
};

function readGroups(draft: LevelDraft, value: ConfigNode): string[] | null {
  const name = "listen.ssl.key-exchange-tls1.3";
  const groups = itemsOf(value).map((item) => readScalar(draft, name, item, groupKind));
  if (groups.length === 0) draft.problem(value.at, `${name}: a group is expected`);
  return groups.includes(null) ? null : groups as string[];
}

function isNamed({ certificateFile, keyFile }: Pair): boolean {
  return certificateFile !== null || keyFile !== null;
}

function completePairs(
  draft: LevelDraft,
  at: Position,
  pairs: readonly Pair[],
): CertificateFiles[] {
  const given = pairs.filter(isNamed);
  const complete: CertificateFiles[] = [];
  for (const { certificateFile, keyFile } of given) {
    if (certificateFile !== null && keyFile !== null) complete.push({ certificateFile, keyFile });
  }
  if (given.length === 0 || complete.length < given.length) {
    draft.problem(
      at,
      given.length === 0
        ? "listen.ssl: certificate-file and key-file are needed, or `acme` on the global level"
        : "listen.ssl: certificate-file and key-file are both needed",
    );
    return [];
  }
  return complete;
}
