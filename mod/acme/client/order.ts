/** One order: from the name to the certificate (RFC 8555 7.4). */
import { type CertificateFacts, readCertificate } from "../der/certificate.ts";
import { type CertificateKey, type KeyType, makeKey } from "../der/key.ts";
import { fromPem, toPem } from "../der/pem.ts";
import { certificateRequest } from "../der/request.ts";
import { base64Url } from "../der/certificate.ts";
import { AcmeFault } from "./fault.ts";
import { type AcmeSession, type JsonReply, problemText, retryAfterMs } from "./session.ts";

export const challengeTypes = ["http-01", "tls-alpn-01"] as const;
export type ChallengeType = typeof challengeTypes[number];

/** A challenge that the server may validate from now on. */
export interface Challenge {
  readonly type: ChallengeType;
  readonly name: string;
  readonly token: string;
  /** Token and thumbprint (RFC 8555 8.1). */
  readonly authorization: string;
}

export interface OrderSpec {
  readonly name: string;
  readonly keyType: KeyType;
  readonly profile: string | null;
  /** The identifier of the certificate to be replaced (RFC 9773 5); null: none. */
  readonly replaces: string | null;
  /** Challenges that can be answered, the preferred one first. Not empty. */
  readonly challenges: readonly ChallengeType[];
}

/** What an order needs from its surroundings. */
export interface OrderHost {
  nowMs(): number;
  pause(ms: number): Promise<void>;
  /** Makes the answer reachable for the server. */
  offer(challenge: Challenge): Promise<void>;
  withdraw(challenge: Challenge): void;
}

export interface Issued {
  /** The certificate with its chain, then the key. */
  readonly pem: string;
  readonly facts: CertificateFacts;
}

/** For the server's validation, and again for its signature. */
const waitMaxMs = 120_000;
/** Between two questions whether it is done. */
const pollMs = { usual: 1000, min: 250, max: 30_000 } as const;

export async function obtain(
  session: AcmeSession,
  spec: OrderSpec,
  host: OrderHost,
): Promise<Issued | AcmeFault> {
  const order = await newOrder(session, spec);
  if (order instanceof AcmeFault) return order;
  const url = order.reply.field("location");
  if (url === null) return new AcmeFault("the order has no URL");
  for (const authorization of textsOf(order.body.authorizations)) {
    const fault = await prove(session, authorization, spec, host);
    if (fault !== null) return fault;
  }
  const ready = await settle(session, url, ["pending"], host);
  if (ready instanceof AcmeFault) return ready;
  if (ready.body.status !== "ready") return orderFault(ready);
  const key = await makeKey(spec.keyType);
  const csr = base64Url(await certificateRequest([spec.name], key));
  const finalizeUrl = textIn(ready.body, "finalize");
  if (finalizeUrl === null) return new AcmeFault("the order has no URL for its end");
  const finalized = await session.post(finalizeUrl, { csr });
  if (finalized instanceof AcmeFault) return finalized;
  const done = await settle(session, url, ["ready", "processing"], host);
  if (done instanceof AcmeFault) return done;
  if (done.body.status !== "valid") return orderFault(done);
  const certificateUrl = textIn(done.body, "certificate");
  if (certificateUrl === null) return new AcmeFault("the order has no URL of its certificate");
  const chain = await session.post(certificateUrl, "");
  return chain instanceof AcmeFault ? chain : checked(chain.reply.text, spec, key, host.nowMs());
}

async function newOrder(
  session: AcmeSession,
  { name, profile, replaces }: OrderSpec,
): Promise<JsonReply | AcmeFault> {
  const payload = {
    identifiers: [{ type: "dns", value: name }],
    ...(profile === null ? {} : { profile }),
  };
  const url = session.urlOf("newOrder");
  const replacing = replaces === null ? payload : { ...payload, replaces };
  const order = await session.post(url, replacing);
  // Another host may have replaced it, or the server has forgotten it (RFC 9773 5).
  const isRefused = order instanceof AcmeFault &&
    ["alreadyReplaced", "malformed", "conflict"].includes(order.type);
  return replaces !== null && isRefused ? await session.post(url, payload) : order;
}

/** Answers one challenge of an authorization; null: the name is proven. */
async function prove(
  session: AcmeSession,
  url: string,
  spec: OrderSpec,
  host: OrderHost,
): Promise<AcmeFault | null> {
  const found = await session.post(url, "");
  if (found instanceof AcmeFault) return found;
  if (found.body.status === "valid") return null;
  const offers = offersOf(found);
  const chosen = spec.challenges
    .map((type) => offers.find((offer) => offer.type === type))
    .find((offer) => offer !== undefined);
  if (chosen === undefined) {
    const types = offers.map(({ type }) => type).join(", ") || "no challenge";
    return new AcmeFault(`${spec.name}: the server offers only ${types}`);
  }
  if (!/^[A-Za-z0-9_-]{1,256}$/.test(chosen.token)) return new AcmeFault("the token is malformed");
  const challenge: Challenge = {
    type: chosen.type as ChallengeType,
    name: spec.name,
    token: chosen.token,
    authorization: `${chosen.token}.${session.key.thumbprint}`,
  };
  await host.offer(challenge);
  try {
    const begun = await session.post(chosen.url, {});
    if (begun instanceof AcmeFault) return begun;
    const ended = await settle(session, url, ["pending"], host);
    if (ended instanceof AcmeFault) return ended;
    return ended.body.status === "valid" ? null : authorizationFault(ended, spec.name);
  } finally {
    host.withdraw(challenge);
  }
}

interface Offer {
  readonly type: string;
  readonly url: string;
  readonly token: string;
  readonly error: unknown;
}

/** The challenges of an authorization, without those that lack a member. */
function offersOf({ body }: JsonReply): readonly Offer[] {
  const found: Offer[] = [];
  for (const item of Array.isArray(body.challenges) ? body.challenges : []) {
    if (typeof item !== "object" || item === null) continue;
    const [type, url, token] = ["type", "url", "token"].map((key) => textIn(item, key));
    if (type !== null && url !== null && token !== null) {
      found.push({ type, url, token, error: item.error });
    }
  }
  return found;
}

function textIn(body: Readonly<Record<string, unknown>>, key: string): string | null {
  const value = body[key];
  return typeof value === "string" ? value : null;
}

/** Reads the resource until its status is none of `passing`. */
async function settle(
  session: AcmeSession,
  url: string,
  passing: readonly string[],
  host: OrderHost,
): Promise<JsonReply | AcmeFault> {
  const endMs = host.nowMs() + waitMaxMs;
  for (;;) {
    const found = await session.post(url, "");
    if (found instanceof AcmeFault) return found;
    if (!passing.includes(String(found.body.status))) return found;
    if (host.nowMs() > endMs) {
      return new AcmeFault(`still ${found.body.status} after ${waitMaxMs / 1000} s`);
    }
    const asked = retryAfterMs(found.reply) ?? pollMs.usual;
    await host.pause(Math.min(pollMs.max, Math.max(pollMs.min, asked)));
  }
}

function authorizationFault(reply: JsonReply, name: string): AcmeFault {
  const failed = offersOf(reply).find(({ error }) => error !== undefined);
  const reason = failed === undefined ? `status ${reply.body.status}` : problemText(failed.error);
  return new AcmeFault(`${name}: ${failed?.type ?? "the authorization"} failed: ${reason}`);
}

function orderFault({ body }: JsonReply): AcmeFault {
  return new AcmeFault(`the order is ${body.status}: ${problemText(body.error)}`);
}

/** Accepts only a certificate for our key and name that is valid now, with a chain to be read. */
function checked(
  chain: string,
  { name }: OrderSpec,
  key: CertificateKey,
  nowMs: number,
): Issued | AcmeFault {
  const blocks = fromPem("CERTIFICATE", chain) ?? [];
  const [facts, ...issuers] = blocks.map(readCertificate);
  if (facts === undefined || facts === null || issuers.includes(null)) {
    return new AcmeFault("the certificate cannot be read");
  }
  if (facts.spki.toHex() !== key.spki.toHex()) {
    return new AcmeFault("the certificate is for another key");
  }
  if (!facts.names.includes(name)) return new AcmeFault(`the certificate is not for ${name}`);
  if (facts.notAfterMs <= nowMs) return new AcmeFault("the certificate has expired already");
  // Encoded again, so that the file holds nothing else of the response.
  const certificates = blocks.map((block) => toPem("CERTIFICATE", block)).join("");
  return { pem: certificates + toPem("PRIVATE KEY", key.pkcs8), facts };
}

function textsOf(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.filter((item) => typeof item === "string") : [];
}
