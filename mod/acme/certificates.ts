/** Obtains and renews the certificates of a process, one name after another, in the background. */
import { systemReason } from "../base/errors.ts";
import type { Logger } from "../log/mod.ts";
import { readText } from "../process/privileges/parent_files.ts";
import { type AgendaEvent, dutyOf, step } from "./core/agenda.ts";
import { AcmeFault } from "./client/fault.ts";
import { importAccountKey, makeAccountKey } from "./client/jws.ts";
import { type ChallengeType, type Issued, obtain } from "./client/order.ts";
import { renewalInfo } from "./client/renewal_info.ts";
import { AcmeSession } from "./client/session.ts";
import { endingAt, httpTransport, type Transport } from "./client/transport.ts";
import { ChallengeDesk } from "./challenge_desk.ts";
import { type CertificateFacts, renewalId } from "./der/certificate.ts";
import { makeKey } from "./der/key.ts";
import { toPem } from "./der/pem.ts";
import { selfSigned } from "./der/request.ts";
import type { AcmeSettings } from "./core/settings.ts";
import { OrderLock } from "./store/order_lock.ts";
import { pairFault } from "./store/pair_fault.ts";
import { certificatePath, StateFolder } from "./store/state_folder.ts";

/** What the certificates are for: the plan that is in force. */
export interface CertificateNeeds {
  readonly settings: AcmeSettings;
  readonly names: readonly string[];
  /** Challenges that the listeners can answer, the preferred one first; empty: none. */
  readonly challenges: readonly ChallengeType[];
}

export interface CertificatesHost {
  readonly logger: Pick<Logger, "debug" | "info" | "error">;
  setTimer(delayMs: number, callback: () => void): number;
  clearTimer(handle: number): void;
  nowMs(): number;
  /** At least 0, less than 1. */
  random(): number;
}

interface Attempt {
  readonly name: string;
  readonly needs: CertificateNeeds;
  readonly desk: ChallengeDesk;
}

/** Other hosts may have renewed a certificate in the shared folder. */
const sleepMaxMs = 10 * 60_000;
/** Another process orders; its lock may end early. */
const lockedPauseMs = 15_000;
/** The last request of an order begins before; it and its answer end before the lock's life does. */
const orderMaxMs = 8 * 60_000;
/** Between two orders, so that many names do not make a burst. */
const sleepMinMs = 250;

export class Certificates {
  readonly #folder: StateFolder;
  readonly #lock: OrderLock;
  readonly #host: CertificatesHost;
  #needs: CertificateNeeds;
  #timer: number | null = null;
  #isBusy = false;
  #isStopped = false;
  /** The attempt under way. */
  #attempt: Attempt | null = null;

  /** `folder` must have been prepared. */
  constructor(folder: StateFolder, needs: CertificateNeeds, host: CertificatesHost) {
    this.#folder = folder;
    this.#lock = new OrderLock(folder.path);
    this.#host = host;
    this.#needs = needs;
  }

  start(): void {
    this.#schedule(0);
  }

  /** The needs of a new plan. An order under way is finished. */
  update(needs: CertificateNeeds): void {
    this.#needs = needs;
    this.#schedule(0);
  }

  /**
   * Begins nothing more. An order under way is given up and does not count as a failure: the next
   * process begins it again.
   */
  stop(): void {
    if (this.#isStopped) return;
    this.#isStopped = true;
    if (this.#timer !== null) this.#host.clearTimer(this.#timer);
    this.#timer = null;
    const attempt = this.#attempt;
    try {
      attempt?.desk.withdrawAll();
      if (attempt !== null) this.#note(attempt.name, attempt.needs, { kind: "interrupted" });
      if (this.#isBusy) this.#lock.release();
    } catch (error) {
      // The folder cannot be written any more: the attempt counts as failed.
      this.#host.logger.error(`acme: ${this.#folder.path}: ${(error as Error).message}`);
    }
  }

  #schedule(delayMs: number): void {
    if (this.#isStopped || this.#isBusy) return;
    if (this.#timer !== null) this.#host.clearTimer(this.#timer);
    this.#timer = this.#host.setTimer(Math.max(sleepMinMs, delayMs), () => void this.#work());
  }

  async #work(): Promise<void> {
    this.#timer = null;
    this.#isBusy = true;
    const needs = this.#needs;
    let sleepMs = lockedPauseMs;
    try {
      sleepMs = await this.#tend(needs);
    } catch (error) {
      // The folder may be gone with the end of the process.
      if (this.#isStopped) return;
      // The folder cannot be written any more; it may be mended while we run.
      this.#host.logger.error(`acme: ${this.#folder.path}: ${(error as Error).message}`);
      sleepMs = sleepMaxMs;
    } finally {
      this.#isBusy = false;
    }
    this.#schedule(needs === this.#needs ? sleepMs : 0);
  }

  /** Does what is due, and returns after how long to look again. */
  async #tend(needs: CertificateNeeds): Promise<number> {
    let sleepMs = sleepMaxMs;
    const due: string[] = [];
    for (const name of needs.names) {
      const { duty } = this.#dutyOf(name, needs);
      if (duty.kind !== "wait") due.push(name);
      else sleepMs = Math.min(sleepMs, duty.untilMs - this.#host.nowMs());
    }
    if (due.length === 0) return sleepMs;
    const transport = this.#transport(needs.settings.caFile);
    if (transport === null) return sleepMaxMs;
    const { send, close } = transport;
    if (!this.#lock.acquire(this.#host.nowMs())) {
      close();
      return lockedPauseMs;
    }
    try {
      // One at a time: the lock's life is that of one order.
      const endMs = this.#host.nowMs() + orderMaxMs;
      await this.#attend(due[0], needs, endingAt(send, endMs, () => this.#host.nowMs()));
    } finally {
      close();
      this.#lock.release();
    }
    return 0;
  }

  /** null: the CAs to trust cannot be read, which is logged. */
  #transport(caFile: string | null): ReturnType<typeof httpTransport> | null {
    try {
      return httpTransport(caFile === null ? null : readText(caFile));
    } catch (error) {
      this.#host.logger.error(`acme: ca-file ${caFile}: ${systemReason(error)}`);
      return null;
    }
  }

  #dutyOf(name: string, { settings }: CertificateNeeds) {
    const stored = this.#folder.readName(name, settings.directory);
    const facts = this.#folder.readCertificate(name);
    // Until the first order has succeeded, `renewAtMs` is 0: it may be another server's.
    const isIssued = facts !== null && !facts.isSelfSigned && stored.renewAtMs > 0;
    const duty = dutyOf(stored, isIssued ? facts : null, this.#host.nowMs());
    return { stored, facts: isIssued ? facts : null, duty };
  }

  async #attend(name: string, needs: CertificateNeeds, send: Transport): Promise<void> {
    // Read again under the lock: another process may have done it.
    const { duty, facts } = this.#dutyOf(name, needs);
    if (duty.kind === "poll" && facts !== null) return await this.#poll(name, facts, needs, send);
    if (duty.kind !== "order") return;
    this.#folder.clearChallenges();
    const { keyType } = needs.settings;
    const desk = new ChallengeDesk(this.#folder, keyType, () => this.#host.nowMs());
    const begun = this.#note(name, needs, { kind: "begun" });
    this.#attempt = { name, needs, desk };
    let issued = await this.#order(name, facts, begun.failures, needs, send, desk);
    this.#attempt = null;
    if (this.#isStopped) return;
    if (!(issued instanceof AcmeFault)) {
      const fault = this.#folder.writeCertificate(name, issued.pem);
      if (fault !== null) issued = new AcmeFault(fault);
    }
    const { logger } = this.#host;
    if (issued instanceof AcmeFault) {
      const { message, retryAfterMs } = issued;
      if (issued.type === "accountDoesNotExist") {
        await this.#forgetAccount(needs.settings.directory);
      }
      const next = this.#note(name, needs, { kind: "failed", message, retryAfterMs });
      const pauseS = Math.round((next.retryAtMs - this.#host.nowMs()) / 1000);
      const kept = facts === null ? "a self-signed certificate" : "the old certificate";
      logger.error(`acme: ${name}: ${message}; serving ${kept}, next attempt in ${pauseS} s`);
      return;
    }
    this.#note(name, needs, { kind: "issued", validity: issued.facts });
    const until = new Date(issued.facts.notAfterMs).toISOString();
    logger.info(`acme: ${name}: certificate by ${issued.facts.issuer}, valid until ${until}`);
  }

  async #order(
    name: string,
    previous: CertificateFacts | null,
    attempt: number,
    { settings, challenges }: CertificateNeeds,
    send: Transport,
    desk: ChallengeDesk,
  ): Promise<Issued | AcmeFault> {
    if (challenges.length === 0) return new AcmeFault("no listener can answer a challenge");
    const session = await this.#signIn(settings, send);
    if (session instanceof AcmeFault) return session;
    const replaces = previous === null || session.urlOf("renewalInfo") === ""
      ? null
      : renewalId(previous);
    // Where one way of validation does not get through, the other may.
    const turn = (attempt - 1) % challenges.length;
    const order = {
      name,
      keyType: settings.keyType,
      profile: settings.profile,
      replaces,
      challenges: [...challenges.slice(turn), ...challenges.slice(0, turn)],
    };
    return await obtain(session, order, {
      nowMs: () => this.#host.nowMs(),
      pause: (ms) => new Promise((resolve) => void this.#host.setTimer(ms, resolve)),
      offer: (challenge) => desk.offer(challenge),
      withdraw: (challenge) => desk.withdraw(challenge),
    });
  }

  async #poll(
    name: string,
    facts: CertificateFacts,
    needs: CertificateNeeds,
    send: Transport,
  ): Promise<void> {
    const key = await makeAccountKey();
    const session = await AcmeSession.open(send, needs.settings.directory, key);
    const info = session instanceof AcmeFault ? session : await renewalInfo(session, facts);
    if (this.#isStopped) return;
    const { window, retryAfterMs } = info instanceof AcmeFault
      ? { window: null, retryAfterMs: info.retryAfterMs }
      : info;
    if (info instanceof AcmeFault) {
      this.#host.logger.debug(`acme: ${name}: no renewal window: ${info.message}`);
    }
    this.#note(name, needs, { kind: "window", window, retryAfterMs });
  }

  /** A session with an account, which is made at the first order. */
  async #signIn(settings: AcmeSettings, send: Transport): Promise<AcmeSession | AcmeFault> {
    const { directory } = settings;
    const stored = await this.#folder.readAccount(directory);
    const kept = stored === null ? null : await importAccountKey(stored.jwk);
    const key = kept ?? await makeAccountKey();
    if (kept === null) {
      // Before it is used, so that an account is not lost between two writes.
      await this.#folder.writeAccount({ directory, jwk: key.jwk, url: null });
    }
    const session = await AcmeSession.open(send, directory, key);
    if (session instanceof AcmeFault) return session;
    const { profile } = settings;
    if (profile !== null && session.profiles?.includes(profile) !== true) {
      const offered = session.profiles?.join(", ") ?? "none";
      return new AcmeFault(`profile ${profile} is unknown to the server; it offers ${offered}`);
    }
    const known = kept === null ? null : stored!.url;
    const account = await session.signIn(known, settings);
    if (account instanceof AcmeFault) return account;
    if (account !== known) {
      await this.#folder.writeAccount({ directory, jwk: key.jwk, url: account });
    }
    return session;
  }

  /** The next order makes the account again, with the same key. */
  async #forgetAccount(directory: string): Promise<void> {
    const stored = await this.#folder.readAccount(directory);
    if (stored !== null) await this.#folder.writeAccount({ ...stored, url: null });
  }

  #note(name: string, { settings }: CertificateNeeds, event: AgendaEvent) {
    const { directory } = settings;
    const { nowMs, random } = this.#host;
    const stored = this.#folder.readName(name, directory);
    const next = { ...step(stored, event, nowMs(), random()), directory };
    this.#folder.writeName(name, next);
    return next;
  }
}

/**
 * Makes sure that each name has a certificate that can be served: a self-signed one where there is
 * none, or one that has expired. Returns the names that got one.
 */
export async function fillGaps(
  folder: StateFolder,
  { names, settings }: CertificateNeeds,
  nowMs: number,
): Promise<readonly string[]> {
  const filled: string[] = [];
  for (const name of names) {
    if (isServable(folder, name, nowMs)) continue;
    const key = await makeKey(settings.keyType);
    const certificate = await selfSigned(name, key, nowMs);
    folder.writeCertificate(
      name,
      toPem("CERTIFICATE", certificate) + toPem("PRIVATE KEY", key.pkcs8),
    );
    filled.push(name);
  }
  return filled;
}

function isServable(folder: StateFolder, name: string, nowMs: number): boolean {
  const facts = folder.readCertificate(name);
  return facts !== null && facts.notAfterMs > nowMs &&
    pairFault(certificatePath(folder.path, name)) === null;
}
