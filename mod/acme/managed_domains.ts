/** Certificates for names that are known at the start: TLS_DOMAIN, and `serve --domain`. */
import {
  type CertificateNeeds,
  Certificates,
  type CertificatesHost,
  fillGaps,
} from "./certificates.ts";
import { chooseState, type ChosenState } from "./store/choose_state.ts";
import { certificatePath, challengeFolderOf, StateFolder } from "./store/state_folder.ts";

export interface ManagedPlace {
  /** The file with certificate and key, for each name. */
  readonly files: ReadonlyMap<string, string>;
  readonly challengeFolder: string;
}

export class ManagedDomains {
  readonly #needs: CertificateNeeds;
  readonly #state: ChosenState;
  #certificates: Certificates | null = null;

  private constructor(needs: CertificateNeeds, state: ChosenState) {
    this.#needs = needs;
    this.#state = state;
  }

  /** Gives each name a certificate that can be served, if there is a place for it. */
  static async prepare(needs: CertificateNeeds): Promise<ManagedDomains> {
    const state = chooseState(needs.settings.state);
    if (state.path !== null) await fillGaps(new StateFolder(state.path), needs, Date.now());
    return new ManagedDomains(needs, state);
  }

  get names(): readonly string[] {
    return this.#needs.names;
  }

  /** Where certificates and pending challenges lie; null: nothing can be written. */
  get place(): ManagedPlace | null {
    const { path } = this.#state;
    if (path === null) return null;
    const files = new Map(this.names.map((name) => [name, certificatePath(path, name)]));
    return { files, challengeFolder: challengeFolderOf(path) };
  }

  /** Why nothing is ordered; null: it is. */
  get fault(): string | null {
    return this.#state.fault;
  }

  /** One line for the user. `by`: the setting that accepts the CA's terms. */
  noteOf(by: string): string {
    const { names, settings } = this.#needs;
    return `TLS for ${
      names.join(", ")
    } with certificates from ${settings.directory}, whose terms ` +
      `of service ${by} accepts; a self-signed one is served until the first is there`;
  }

  /** Orders and renews from now on: the CA's validation must find a worker. */
  begin(host: CertificatesHost): void {
    const { path, fault } = this.#state;
    if (this.#certificates !== null || path === null || fault !== null) return;
    this.#certificates = new Certificates(new StateFolder(path), this.#needs, host);
    this.#certificates.start();
  }

  /**
   * Orders nothing more. Call it before the sockets are closed: a CA that is refused there has found
   * a fault, and an order that we end has not.
   */
  stop(): void {
    this.#certificates?.stop();
  }

  /** As `stop`, and forgets what was kept in memory. */
  dispose(): void {
    this.stop();
    this.#state.dispose();
  }
}
