/** Listening sockets of plans: inherited from the supervisor if it holds them, else bound here. */
import { formatAddress } from "../../base/address.ts";
import { StartError } from "../../base/errors.ts";
import { shutQueuesOf } from "../../net/accept_queue.ts";
import type { AcceptHandler, ConnectionShare, Listener, Reactor } from "../../net/reactor.ts";
import type { InheritedSocket } from "../../process/handover/starter_port.ts";
import { hasSibling, isOptional, sameAddress } from "../plan/listen_addresses.ts";
import type { ListenPlan } from "../plan/plan.ts";

/** Returns the handler of connections to `listen`, or to a socket that no `listen` names (null). */
export type ServerOf = (listen: ListenPlan | null, socketName: string | null) => AcceptHandler;

/** One listening socket and its present handler. */
interface HeldListener {
  /** null when bound by this process. */
  readonly inherited: InheritedSocket | null;
  readonly listener: Listener;
  mode: number | null;
  serve: AcceptHandler;
}

/** The open sockets of a plan, which does not serve them before `commit`. */
export interface Opening {
  readonly listeners: readonly Listener[];
  /** Those that other processes accept from, too. */
  readonly shared: readonly Listener[];
  /** Those that this process has not served before. */
  readonly fresh: readonly Listener[];
  /** Serves the plan from now on. Closes sockets that it does not name. */
  commit(): void;
  /** Closes the sockets that were opened for the plan. */
  discard(): void;
}

/**
 * The listening sockets of a process. They outlive plans: a socket that the next plan also names
 * stays open, and only its handler changes between two connections, so that no client is refused.
 */
export class ListenerSet {
  readonly #reactor: Reactor;
  readonly #inherited: readonly InheritedSocket[] | null;
  readonly #warn: (message: string) => void;
  readonly #share: ConnectionShare | null;
  #held: readonly HeldListener[] | null = null;

  /**
   * `inherited`: sockets of a supervisor; null without one. `warn` receives mismatches between
   * these and the plan. `share`: for inherited sockets from which other workers accept.
   */
  constructor(
    reactor: Reactor,
    inherited: readonly InheritedSocket[] | null,
    warn: (message: string) => void,
    share: ConnectionShare | null = null,
  ) {
    this.#reactor = reactor;
    this.#inherited = inherited;
    this.#warn = warn;
    this.#share = share;
  }

  get isInherited(): boolean {
    return this.#inherited !== null;
  }

  /** Opens all missing sockets, paused. On an error it opens none and throws `StartError`. */
  open(plans: readonly ListenPlan[], serverOf: ServerOf): Opening {
    const isFirst = this.#held === null;
    this.#held ??= (this.#inherited ?? []).map((socket) =>
      adopt(this.#reactor, socket, this.#share)
    );
    const round = new Round(this.#reactor, this.#held, this.#warn);
    try {
      round.match(plans, serverOf);
      round.bindRest(plans, serverOf, this.#inherited !== null);
      round.serveRest(plans, serverOf);
    } catch (error) {
      round.discard();
      throw error;
    }
    const listeners = round.served.map(({ held }) => held.listener);
    const shared = round.served.filter(({ held }) => held.inherited !== null);
    return {
      listeners,
      shared: shared.map(({ held }) => held.listener),
      fresh: isFirst ? listeners : round.fresh.map(({ listener }) => listener),
      commit: () => this.#held = round.commit(),
      discard: () => round.discard(),
    };
  }

  /** Accepts no more. `isLastHolder`: first accepts what is queued at inherited sockets. */
  close(isLastHolder: boolean): void {
    const listeners = (this.#held ?? []).map(({ listener }) => listener);
    // Deno cannot keep new connections out of an accept queue while it is emptied.
    for (const { address } of this.#reactor.backend === "portable" ? listeners : []) {
      if (address.kind === "tcp") shutQueuesOf(address.port);
    }
    for (const listener of listeners) listener.close(isLastHolder);
  }
}

/** Collects the sockets of one plan. */
class Round {
  readonly served: { held: HeldListener; serve: AcceptHandler; plan: ListenPlan | null }[] = [];
  readonly fresh: HeldListener[] = [];
  #unserved: ListenPlan[] = [];

  constructor(
    readonly reactor: Reactor,
    readonly open: readonly HeldListener[],
    readonly warn: (message: string) => void,
  ) {}

  /** Finds the open socket of each `listen`; those without one are left to `bindRest`. */
  match(plans: readonly ListenPlan[], serverOf: ServerOf): void {
    for (const plan of plans) {
      const held = this.open.find((one) =>
        sameAddress(one.listener.address, plan.address) && !this.#isServed(one)
      );
      if (held === undefined) this.#unserved.push(plan);
      else this.served.push({ held, serve: serverOf(plan, held.inherited?.name ?? null), plan });
    }
  }

  bindRest(plans: readonly ListenPlan[], serverOf: ServerOf, hasSupervisor: boolean): void {
    for (const plan of this.#unserved) {
      if (hasSupervisor && hasSibling(plan, plans, this.#unserved)) continue;
      if (hasSupervisor) {
        const { at, address } = plan;
        this.warn(
          `[${at.file}:${at.line}] listen: ${formatAddress(address)} is not among the sockets of ` +
            "the supervisor; bound here, a reload may lose connections on it",
        );
      }
      try {
        const serve = serverOf(plan, null);
        const held = bind(this.reactor, plan, serve, hasSupervisor);
        this.fresh.push(held);
        this.served.push({ held, serve, plan });
      } catch (error) {
        if (!(error instanceof StartError)) throw error;
        // Deno's [::] also binds IPv4, where this process already has 0.0.0.0.
        const isOwn = this.reactor.backend === "portable";
        if (!isOptional(plan, plans, isOwn ? null : error)) throw error;
        const reason = isOwn ? `${formatAddress(plan.address)} is not opened` : error.message;
        this.warn(`${reason}; only IPv4 is served`);
      }
    }
  }

  /** Serves the supervisor's other sockets, too: without an accepter their clients would hang. */
  serveRest(plans: readonly ListenPlan[], serverOf: ServerOf): void {
    for (const held of this.open) {
      if (held.inherited === null || this.#isServed(held)) continue;
      const { name } = held.inherited;
      if (plans.length > 0) {
        this.warn(`no \`listen\` for ${name}, a socket of the supervisor; served with the rest`);
      }
      this.served.push({ held, serve: serverOf(null, name), plan: null });
    }
  }

  commit(): HeldListener[] {
    const dropped = this.open.filter((held) => !this.#isServed(held));
    for (const { listener } of dropped) listener.close();
    for (const { held, serve, plan } of this.served) {
      held.serve = serve;
      changeMode(held, plan?.mode ?? null);
    }
    return this.served.map(({ held }) => held);
  }

  discard(): void {
    for (const { listener } of this.fresh) listener.close();
  }

  #isServed(held: HeldListener): boolean {
    return this.served.some((one) => one.held === held);
  }
}

function adopt(
  reactor: Reactor,
  socket: InheritedSocket,
  share: ConnectionShare | null,
): HeldListener {
  if (!reactor.capabilities.inherit) {
    throw new StartError(
      "the portable reactor cannot take over the sockets of SERVER_STARTER_PORT; use epoll",
    );
  }
  const open = (onAccept: AcceptHandler): Listener => {
    try {
      return reactor.adopt(socket.fd, { shared: true, share, paused: true }, onAccept);
    } catch (error) {
      if (!(error instanceof StartError)) throw error;
      throw new StartError(`${socket.name}: ${error.message}`, error.exitCode, { cause: error });
    }
  };
  return holdListener(socket, null, servedLater, open);
}

function bind(
  reactor: Reactor,
  { address, mode }: ListenPlan,
  serve: AcceptHandler,
  hasSupervisor: boolean,
): HeldListener {
  // Generations overlap: without SO_REUSEPORT the next could not bind the same port.
  const options = {
    reusePort: hasSupervisor && address.kind === "tcp",
    paused: true,
    ...(mode === null ? {} : { mode }),
  };
  return holdListener(null, mode, serve, (onAccept) => reactor.listen(address, options, onAccept));
}

function holdListener(
  inherited: InheritedSocket | null,
  mode: number | null,
  serve: AcceptHandler,
  open: (onAccept: AcceptHandler) => Listener,
): HeldListener {
  const onAccept: AcceptHandler = (accepted, listener) => held.serve(accepted, listener);
  const listener = open(onAccept);
  const held: HeldListener = { inherited, listener, mode, serve };
  return held;
}

/** Handler of an inherited socket, which stays paused until it gets a handler of a plan. */
const servedLater: AcceptHandler = () => {
  throw new TypeError("Cannot accept: no handler serves this socket yet");
};

/** Sets the mode of the next plan on the file of a unix socket that this process bound. */
function changeMode(held: HeldListener, mode: number | null): void {
  const { address } = held.listener;
  if (mode === null || mode === held.mode || address.kind === "tcp" || held.inherited !== null) {
    return;
  }
  Deno.chmodSync(address.path, mode);
  held.mode = mode;
}
