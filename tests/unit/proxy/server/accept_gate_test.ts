import { assertEquals } from "@std/assert";
import type { Listener, Socket, SocketHandler } from "../../../../mod/net/reactor.ts";
import { AcceptGate } from "../../../../mod/proxy/server/accept_gate.ts";

/** A gate with one listener, and a server whose connections the test counts. */
class World {
  connections = 0;
  accepts = false;
  idle = 0;
  timers: (() => void)[] = [];
  readonly gate: AcceptGate;
  readonly listener = {
    pause: () => void (this.accepts = false),
    resume: () => void (this.accepts = true),
  } as Listener;
  readonly #onAccept;

  constructor(connectionsMax: number, isShared = true) {
    this.gate = new AcceptGate({
      connectionsMax,
      connectionCount: () => this.connections,
      setTimer: (_delayMs, callback) => this.timers.push(callback),
      closeIdle: (_idleMs, countMax) => {
        for (let count = 0; this.idle > 0 && count < countMax; count++) {
          this.idle--;
          this.leave();
        }
      },
    });
    this.#onAccept = this.gate.limited(() => {
      this.connections++;
      return {} as SocketHandler;
    });
    this.gate.open([this.listener], isShared ? [this.listener] : []);
  }

  accept(): void {
    this.#onAccept({} as Socket, this.listener);
  }

  /** A second passes. */
  tick(): void {
    for (const callback of this.timers.splice(0)) callback();
  }

  leave(): void {
    this.connections--;
    this.gate.left();
  }
}

Deno.test("AcceptGate pauses at the limit and resumes as soon as there is room", () => {
  const world = new World(2);
  world.accept();
  assertEquals(world.accepts, true);
  world.accept();
  assertEquals(world.accepts, false);
  world.leave();
  assertEquals(world.accepts, true);
});

Deno.test("AcceptGate stays paused after pause() when there is room, and after resume() when there is none", () => {
  const world = new World(1);
  world.accept();
  world.gate.pause();
  world.gate.resume();
  assertEquals(world.accepts, false);
  world.gate.pause();
  world.leave();
  assertEquals(world.accepts, false);
  world.gate.resume();
  assertEquals(world.accepts, true);
});

Deno.test("AcceptGate.pause() keeps accepting on a listener that no other process shares", () => {
  const world = new World(1, false);
  world.gate.pause();
  assertEquals(world.accepts, true);
  world.accept();
  assertEquals(world.accepts, false, "full is full");
  world.leave();
  assertEquals(world.accepts, true);
});

Deno.test("AcceptGate closes idle connections to make room, and retries while there are none", () => {
  const world = new World(2);
  world.accept();
  world.accept();
  world.tick();
  assertEquals(world.accepts, false);
  world.idle = 1;
  world.tick();
  assertEquals([world.accepts, world.connections], [true, 1]);
  assertEquals(world.timers.length, 0);
  world.accept();
  world.leave();
  assertEquals(world.timers.length, 1, "one at a time");
  world.tick();
  assertEquals(world.timers.length, 0, "room is no longer needed");
});

Deno.test("AcceptGate.close() leaves the listeners open for others", () => {
  const world = new World(1);
  world.accept();
  world.gate.close();
  world.leave();
  assertEquals(world.accepts, false);
});

Deno.test("AcceptGate without a limit never pauses", () => {
  const world = new World(0);
  for (let i = 0; i < 5; i++) world.accept();
  assertEquals(world.accepts, true);
});
