/** Requests of one account to an ACME server: directory, nonces, signatures, problems (RFC 8555). */
import { AcmeFault } from "./fault.ts";
import { type AccountKey, bindExternal, publicPart, signJws } from "./jws.ts";
import type { AcmeReply, Transport } from "./transport.ts";

export interface AccountTerms {
  readonly email: string | null;
  readonly eab: { readonly kid: string; readonly key: string } | null;
}

/** A reply with its JSON; `body` is empty when it is none. */
export interface JsonReply {
  readonly reply: AcmeReply;
  readonly body: Readonly<Record<string, unknown>>;
}

/** Attempts with a new nonce, when the server refuses one (RFC 8555 6.5). */
const nonceAttemptsMax = 8;

export class AcmeSession {
  readonly key: AccountKey;
  readonly #send: Transport;
  readonly #directory: Readonly<Record<string, unknown>>;
  #nonce: string | null = null;
  /** The account's URL; null before `signIn`. */
  #account: string | null = null;

  private constructor(
    send: Transport,
    key: AccountKey,
    directory: Readonly<Record<string, unknown>>,
  ) {
    this.#send = send;
    this.key = key;
    this.#directory = directory;
  }

  static async open(
    send: Transport,
    directoryUrl: string,
    key: AccountKey,
  ): Promise<AcmeSession | AcmeFault> {
    const reply = await send({ method: "GET", url: directoryUrl });
    if (reply instanceof AcmeFault) return reply;
    if (reply.status !== 200) return faultOf(reply);
    const session = new AcmeSession(send, key, jsonOf(reply.text));
    const missing = ["newNonce", "newAccount", "newOrder"].find((name) => !session.urlOf(name));
    return missing === undefined
      ? session
      : new AcmeFault(`${directoryUrl}: not an ACME directory: ${missing} is missing`);
  }

  /** A URL of the directory; "" when the server does not offer it. */
  urlOf(name: string): string {
    const url = this.#directory[name];
    return typeof url === "string" ? url : "";
  }

  /** Profiles that the server offers; null: it knows none. */
  get profiles(): readonly string[] | null {
    const { profiles } = (this.#directory.meta ?? {}) as Record<string, unknown>;
    return typeof profiles === "object" && profiles !== null ? Object.keys(profiles) : null;
  }

  /**
   * Finds the key's account or creates it, which accepts the terms. `known`: its URL, if an earlier
   * run has found it. Returns the URL.
   */
  async signIn(known: string | null, { email, eab }: AccountTerms): Promise<string | AcmeFault> {
    if (known !== null) return this.#account = known;
    const url = this.urlOf("newAccount");
    const made = await this.post(url, {
      termsOfServiceAgreed: true,
      ...(email === null ? {} : { contact: [`mailto:${email}`] }),
      ...(eab === null ? {} : { externalAccountBinding: await bindExternal(this.key, url, eab) }),
    });
    if (made instanceof AcmeFault) return made;
    const account = made.reply.field("location");
    if (account === null) return new AcmeFault(`${url}: the account has no URL`);
    return this.#account = account;
  }

  /** A signed POST. Payload "" reads the resource (POST-as-GET). */
  async post(url: string, payload: unknown): Promise<JsonReply | AcmeFault> {
    for (let attempts = 1;; attempts++) {
      const nonce = await this.#takeNonce();
      if (nonce instanceof AcmeFault) return nonce;
      const identity = this.#account === null
        ? { jwk: publicPart(this.key.jwk) }
        : { kid: this.#account };
      const body = await signJws(this.key, { ...identity, nonce, url }, payload);
      const reply = await this.#send({ method: "POST", url, body });
      if (reply instanceof AcmeFault) return reply;
      this.#nonce = reply.field("replay-nonce");
      // The protocol has no redirects of signed requests: their URL is signed, too.
      if (reply.status < 300) return { reply, body: jsonOf(reply.text) };
      const fault = faultOf(reply);
      if (fault.type !== "badNonce" || attempts === nonceAttemptsMax) return fault;
    }
  }

  /** An unsigned GET, as ARI wants it. */
  async get(url: string): Promise<JsonReply | AcmeFault> {
    const reply = await this.#send({ method: "GET", url });
    if (reply instanceof AcmeFault) return reply;
    return reply.status === 200 ? { reply, body: jsonOf(reply.text) } : faultOf(reply);
  }

  async #takeNonce(): Promise<string | AcmeFault> {
    const kept = this.#nonce;
    this.#nonce = null;
    if (kept !== null) return kept;
    const url = this.urlOf("newNonce");
    const reply = await this.#send({ method: "HEAD", url });
    if (reply instanceof AcmeFault) return reply;
    if (reply.status >= 300) return faultOf(reply);
    return reply.field("replay-nonce") ?? new AcmeFault(`${url}: no nonce in the response`);
  }
}

/** A problem document (RFC 7807) as a fault, or the status when there is none. */
export function faultOf(reply: AcmeReply): AcmeFault {
  const problem = jsonOf(reply.text);
  const type = typeName(problem);
  const detail = typeof problem.detail === "string" ? problem.detail : `status ${reply.status}`;
  return new AcmeFault(type === "" ? detail : `${type}: ${detail}`, type, retryAfterMs(reply));
}

/** Type and detail of a problem inside another resource, such as a failed challenge. */
export function problemText(problem: unknown): string {
  if (typeof problem !== "object" || problem === null) return "no reason given";
  const { detail } = problem as Record<string, unknown>;
  const type = typeName(problem as Record<string, unknown>) || "unknown problem";
  return typeof detail === "string" ? `${type}: ${detail}` : type;
}

/** Retry-After in milliseconds (RFC 9110 10.2.3); null without a usable one. */
export function retryAfterMs(reply: AcmeReply, nowMs: number = Date.now()): number | null {
  const text = reply.field("retry-after");
  if (text === null) return null;
  if (/^\d{1,9}$/.test(text)) return Number(text) * 1000;
  const at = Date.parse(text);
  return Number.isNaN(at) ? null : Math.max(0, at - nowMs);
}

function typeName({ type }: Readonly<Record<string, unknown>>): string {
  return typeof type === "string" ? type.replace("urn:ietf:params:acme:error:", "") : "";
}

function jsonOf(text: string): Readonly<Record<string, unknown>> {
  try {
    const value = JSON.parse(text);
    return typeof value === "object" && value !== null ? value : {};
  } catch {
    // An HTML page of a gateway, or a certificate: the caller looks at the text.
    return {};
  }
}
