/** Certificates for names that are known at the start: TLS_DOMAIN, and `serve --domain`. */
import {
  type CertificateNeeds,
  Certificates,
  type CertificatesHost,
  fillGaps,
} from "./certificates.ts";
import { chooseState, type ChosenState } from "./store/choose_state.ts";
import { certificatePath, challengeFolderOf, StateFolder } from "./store/state_folder.ts";

export class ManagedDomains {
  readonly #needs: CertificateNeeds;
  readonly #state: ChosenState;
  readonly #folder: StateFolder;
  #certificates: Certificates | null = null;

  private constructor(needs: CertificateNeeds, state: ChosenState) {
    this.#needs = needs;
    this.#state = state;
    this.#folder = new StateFolder(state.path);
  }

  /** Gives each name a certificate that can be served. Throws `StartError`. */
  static async prepare(needs: CertificateNeeds): Promise<ManagedDomains> {
    const domains = new ManagedDomains(needs, chooseState(needs.settings.state));
    await fillGaps(domains.#folder, needs, Date.now());
    return domains;
  }

  /** The file with certificate and key, for each name. */
  get files(): ReadonlyMap<string, string> {
    const { names } = this.#needs;
    return new Map(names.map((name) => [name, certificatePath(this.#state.path, name)]));
  }

  /** Where pending challenges lie. */
  get challengeFolder(): string {
    return challengeFolderOf(this.#state.path);
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
    if (this.#certificates !== null || !this.#state.mayOrder) return;
    this.#certificates = new Certificates(this.#folder, this.#needs, host);
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
