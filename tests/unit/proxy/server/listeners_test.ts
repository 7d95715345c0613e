import { assertEquals, assertThrows } from "@std/assert";
import { formatAddress } from "../../../../mod/base/address.ts";
import { StartError } from "../../../../mod/base/errors.ts";
import type { AcceptHandler, Listener, Reactor } from "../../../../mod/net/reactor.ts";
import { ListenerSet } from "../../../../mod/proxy/server/listeners.ts";
import type { ListenPlan } from "../../../../mod/proxy/plan/plan.ts";

/** Logs the sockets that it opens and closes. */
class FakeReactor {
  readonly log: string[] = [];
  readonly taken = new Set<number>();
  readonly capabilities = { inherit: true, source: true };

  listen(address: Listener["address"], _options: unknown, onAccept: AcceptHandler): Listener {
    if (address.kind === "tcp" && this.taken.has(address.port)) {
      throw new StartError(`${formatAddress(address)} in use`);
    }
    return this.#listener(address, onAccept);
  }

  adopt(fd: number, _options: unknown, onAccept: AcceptHandler): Listener {
    return this.#listener({ kind: "tcp", host: "127.0.0.1", port: fd }, onAccept);
  }

  #listener(address: Listener["address"], onAccept: AcceptHandler): Listener {
    const name = formatAddress(address);
    this.log.push(`open ${name}`);
    return {
      address,
      onAccept,
      fd: 3,
      acceptedCount: 0,
      pause: () => {},
      resume: () => {},
      close: () => void this.log.push(`close ${name}`),
    } as Listener;
  }
}

const at = { file: "h2o.conf", line: 1 };
const plan = (port: number) =>
  ({ address: { kind: "tcp", host: "127.0.0.1", port }, mode: null, at }) as unknown as ListenPlan;

function world(inherited: { name: string; fd: number }[] | null = null) {
  const reactor = new FakeReactor();
  const warnings: string[] = [];
  const set = new ListenerSet(
    reactor as unknown as Reactor,
    inherited,
    (message) => void warnings.push(message),
  );
  /** Opens the ports for a generation; each accepted connection is recorded with its name. */
  const open = (ports: readonly number[], name: string) =>
    set.open(ports.map(plan), (listen, socketName) =>
      (() => {
        accepted.push(`${name} ${listen === null ? socketName : formatAddress(listen.address)}`);
      }) as unknown as AcceptHandler);
  const accepted: string[] = [];
  /** Connects once to each listener; returns the records. */
  const dial = (listeners: readonly Listener[]) => {
    accepted.length = 0;
    for (const one of listeners) {
      (one as unknown as { onAccept(): void }).onAccept();
    }
    return [...accepted];
  };
  return { reactor, warnings, set, open, dial };
}

Deno.test("ListenerSet keeps sockets for the next plan, opens new ones and closes the rest", () => {
  const { reactor, open, dial } = world();
  const first = open([1, 2], "first");
  first.commit();
  const second = open([2, 3], "second");
  assertEquals(reactor.log, ["open 127.0.0.1:1", "open 127.0.0.1:2", "open 127.0.0.1:3"]);
  assertEquals(dial(first.listeners), ["first 127.0.0.1:1", "first 127.0.0.1:2"]);
  second.commit();
  assertEquals(reactor.log.slice(3), ["close 127.0.0.1:1"]);
  assertEquals(dial(second.listeners), ["second 127.0.0.1:2", "second 127.0.0.1:3"]);
  assertEquals(second.fresh.map(({ address }) => formatAddress(address)), ["127.0.0.1:3"]);
});

Deno.test("ListenerSet changes nothing when a socket cannot be opened or the plan is abandoned", () => {
  const { reactor, open, dial } = world();
  const first = open([1], "first");
  first.commit();
  reactor.taken.add(4);
  assertThrows(() => open([1, 3, 4], "second"), StartError, "in use");
  open([1, 5], "third").discard();
  assertEquals(reactor.log.slice(1), [
    "open 127.0.0.1:3",
    "close 127.0.0.1:3",
    "open 127.0.0.1:5",
    "close 127.0.0.1:5",
  ]);
  assertEquals(dial(first.listeners), ["first 127.0.0.1:1"]);
});

Deno.test("ListenerSet keeps the supervisor's sockets open, whether or not the next plan names them", () => {
  const { reactor, warnings, open, dial } = world([{ name: "7", fd: 7 }, { name: "8", fd: 8 }]);
  open([7, 8], "first").commit();
  const second = open([8], "second");
  second.commit();
  assertEquals(reactor.log.length, 2);
  assertEquals(dial(second.listeners), ["second 127.0.0.1:8", "second 7"]);
  assertEquals(warnings, ["no `listen` for 7, a socket of the supervisor; served with the rest"]);
});
