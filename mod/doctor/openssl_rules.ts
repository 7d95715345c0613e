/** Checks of the OpenSSL in use. Pure. */
import { type KeyType, keyTypes } from "../acme/der/key.ts";
import type { Facts, OpensslFacts } from "./facts.ts";
import type { JudgedMode, Rule } from "./finding.ts";

const servers: readonly JudgedMode[] = ["serve", "supervise", "proxy"];
const newer = "# hayate's image and Debian 13 have OpenSSL 3.5";

/** Something that a library may have or lack. */
export interface Ability {
  /** As in the summary: `lacks TLS 1.3`. */
  readonly label: string;
  /** Of its finding. */
  readonly name: string;
  has(openssl: OpensslFacts): boolean;
  /** What it means to lack it. */
  readonly effect: string;
  readonly fix: readonly string[];
}

export const abilities: readonly Ability[] = [
  {
    label: "TLS 1.3",
    name: "tls13",
    has: ({ hasTls13 }) => hasTls13,
    effect: "clients get TLS 1.2: one more round trip for each handshake, and none of the hybrid " +
      "key exchange; with `minimum-version: TLSv1.3` no client can connect",
    fix: ["# see MaxProtocol in /etc/ssl/openssl.cnf", newer],
  },
  {
    label: "X25519MLKEM768",
    name: "hybrid-group",
    has: ({ hasHybridGroup }) => hasHybridGroup,
    effect: "key exchanges do not resist quantum computers, to which traffic recorded today may " +
      "be shown later; clients that offer the hybrid get X25519",
    fix: [newer],
  },
  {
    label: "ChaCha20-Poly1305",
    name: "chacha20",
    has: ({ hasChacha20 }) => hasChacha20,
    effect: "clients without AES in hardware, such as small phones, must use AES all the same",
    fix: [newer],
  },
  {
    label: "OCSP stapling",
    name: "ocsp-stapling",
    has: ({ hasOcspStapling }) => hasOcspStapling,
    effect: "the end of the response of an `ocsp-file` is not noticed",
    fix: [newer],
  },
  {
    label: "session tickets",
    name: "session-tickets",
    has: ({ hasTickets }) => hasTickets,
    effect:
      "returning clients pay for a full handshake, unless `ssl-session-resumption` has a cache",
    fix: [newer],
  },
  ...keyTypes.map(keyAbility),
];

function keyAbility(type: KeyType): Ability {
  return {
    label: `${type} keys`,
    name: `${type}-keys`,
    has: (openssl) => openssl.keyTypes.includes(type),
    effect:
      `the host's policy refuses certificates that \`key-type: ${type}\` of \`acme\` asks for`,
    fix: ["# see CipherString and @SECLEVEL in /etc/ssl/openssl.cnf"],
  };
}

const support: Rule<Facts> = ({ openssl }) => {
  if (openssl === null || openssl.isSupported) return null;
  return {
    name: "openssl-support",
    severity: "warn",
    modes: servers,
    found: `OpenSSL ${openssl.version} is out of its project's support since ${openssl.supportEnd}`,
    effect: "new faults of it are mended only for as long as the distribution does that itself",
    fix: [newer],
  };
};

const ruleOf = ({ label, name, has, effect, fix }: Ability): Rule<Facts> => ({ openssl }) => {
  if (openssl === null || has(openssl)) return null;
  const found = `OpenSSL ${openssl.version} lacks ${label}`;
  return { name, severity: "warn", modes: servers, found, effect, fix };
};

export const opensslRules: readonly Rule<Facts>[] = [support, ...abilities.map(ruleOf)];
