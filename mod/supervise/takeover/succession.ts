/**
 * `--take-over`: first this supervisor takes over from the one at the path, if there is one; once it
 * serves, it offers the same to the next.
 */
import { StartError } from "../../base/errors.ts";
import type { Variables } from "../../process/environment.ts";
import type { FormerTls } from "../../tls/appliance.ts";
import type { HeldSockets } from "../sockets/held_sockets.ts";
import type { ListenSpec } from "../../config/listen_spec.ts";
import { identityOf } from "./identity.ts";
import { OfferListener, type OfferParts } from "./offer_listener.ts";
import type { Identity } from "./protocol.ts";
import { type Taken, takeOver } from "./taken.ts";

export interface SuccessionParts {
  readonly sockets: HeldSockets;
  readonly tls: FormerTls;
  /** Why nobody can take over now; null: somebody may. */
  unready(): string | null;
  /** Another supervisor serves on our sockets: end the workers. */
  onTakenOver(): void;
  /** The supervisor before us has ended; else than `asItShould` its workers may still be there. */
  onFormerEnd(asItShould: boolean): void;
  note(text: string): void;
}

export class Succession {
  readonly #identity: Identity;
  readonly #taken: Taken | null;
  #offers: OfferListener | null = null;
  #formerHasEnded = false;

  /** Throws `StartError` when the running supervisor at `path` refuses; it goes on undisturbed. */
  constructor(readonly path: string, variables: Variables) {
    this.#identity = identityOf(variables);
    this.#taken = takeOver(path, this.#identity);
  }

  /** A supervisor runs that we take over from. */
  get hasFormer(): boolean {
    return this.#taken !== null && !this.#formerHasEnded;
  }

  get formerPid(): number | null {
    return this.#taken?.offer.pid ?? null;
  }

  /** What clients of the running supervisor must find again. */
  get formerTls(): FormerTls {
    const { ticketSeed = null, selfSigned = null } = this.#taken?.offer ?? {};
    return { ticketSeed, selfSigned };
  }

  /** Descriptors of the running supervisor for `spec`; empty: it has none. Throws `StartError`. */
  claim(spec: ListenSpec, count: number): readonly number[] {
    return this.#taken?.claim(spec, count) ?? [];
  }

  /** Another process holds our sockets, too, so their queues and files are not ours to end. */
  get isShared(): boolean {
    return this.#offers?.isShared ?? false;
  }

  /** Call it once all sockets are open. */
  bound({ note, onFormerEnd }: SuccessionParts): void {
    if (this.#taken === null) return;
    this.#taken.closeRest();
    const { version, pid } = this.#taken.offer;
    note(`taking over from the supervisor ${pid} (hayate ${version})`);
    this.#taken.watch({
      onDraining: () => note(`the supervisor ${pid} drains its workers`),
      onEnd: (wasDraining) => {
        this.#formerHasEnded = true;
        note(`the supervisor ${pid} has ended${wasDraining ? "" : " by itself"}`);
        onFormerEnd(wasDraining);
      },
    });
  }

  /** The first generation serves: the running supervisor may drain, and ours is the next offer. */
  serves(parts: SuccessionParts): void {
    this.#offers = this.#openOffers(parts);
    this.#taken?.serves();
  }

  /** null: nobody can take over from us, which is no reason not to serve. */
  #openOffers(parts: SuccessionParts): OfferListener | null {
    const former = this.#taken?.offer.formerContainers ?? [];
    const all: OfferParts = {
      identity: this.#identity,
      formerContainers: former,
      offered: () => offerOf(parts),
      unready: () => this.hasFormer ? "it is still taking over itself" : parts.unready(),
      onTakenOver: () => parts.onTakenOver(),
      note: (text) => parts.note(text),
    };
    try {
      return new OfferListener(this.path, all);
    } catch (error) {
      if (!(error instanceof StartError)) throw error;
      parts.note(`nobody can take over from here: ${error.message}`);
      return null;
    }
  }

  close(): void {
    this.#offers?.close();
  }
}

function offerOf({ sockets, tls }: SuccessionParts) {
  const { offered } = sockets;
  return {
    sockets: offered.map(({ spec: { name, datagram }, descriptors }) => ({
      name,
      datagram,
      descriptorCount: descriptors.length,
    })),
    descriptors: offered.flatMap(({ descriptors }) => descriptors),
    ...tls,
  };
}
