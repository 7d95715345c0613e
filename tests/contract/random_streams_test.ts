/**
 * Contract: seeded random operations on many connections at once. Every byte has to arrive in
 * order, and no callback may violate the contract.
 */
import { assertEquals } from "@std/assert";
import type { PeerError } from "../../mod/base/errors.ts";
import type { Socket, SocketHandler } from "../../mod/net/reactor.ts";
import { sleep } from "../support/child.ts";
import { contractTest, type Rig } from "./harness.ts";
import { seededRandom } from "./seeded_random.ts";

const pairCount = 12;
const stepCount = 60;
/** Written repeatedly; the stream position decides where to begin. */
const chunk = new Uint8Array(251 * 800).map((_, i) => i % 251);

/** One end of a connection: acts at random, and records every breach of the contract. */
class Actor implements SocketHandler {
  socket!: Socket;
  peer!: Actor;
  sentCount = 0;
  receivedCount = 0;
  isPaused = false;
  hasShutDown = false;
  hasAborted = false;
  /** True after our own close or onClose. */
  isGone = false;
  hasEnded = false;
  owesDrain = false;
  readonly breaches: string[] = [];

  constructor(
    readonly name: string,
    readonly random: () => number,
  ) {}

  act(): void {
    if (this.isGone) return;
    const choice = this.random();
    if (choice < 0.55) this.write(Math.floor(this.random() ** 4 * 150_000) + 1);
    else if (choice < 0.7) this.pause();
    else if (choice < 0.93) this.resume();
    else if (choice < 0.96) this.shutdown();
    else if (choice < 0.98) this.close();
    else this.abort();
  }

  write(count: number): void {
    const start = this.sentCount % 251;
    const accepted = this.socket.write(chunk, start, start + count);
    if (accepted < 0 || accepted > count) this.breaches.push(`accepted ${accepted} of ${count}`);
    if (this.hasShutDown && accepted > 0) this.breaches.push("write after shutdown was accepted");
    this.sentCount += accepted;
    if (accepted < count && !this.hasShutDown) this.owesDrain = true;
  }

  pause(): void {
    this.isPaused = true;
    this.socket.pause();
  }
  resume(): void {
    this.isPaused = false;
    this.socket.resume();
  }
  shutdown(): void {
    this.hasShutDown = true;
    this.owesDrain = false;
    this.socket.shutdown();
  }
  close(): void {
    this.isGone = true;
    this.socket.close();
  }
  abort(): void {
    this.isGone = this.hasAborted = true;
    this.socket.abort();
  }

  onOpen(): void {}

  onData(_socket: Socket, bytes: Uint8Array, start: number, end: number): void {
    this.#check("onData", !this.isPaused && !this.hasEnded && end > start);
    for (let i = start; i < end; i++, this.receivedCount++) {
      if (bytes[i] === this.receivedCount % 251) continue;
      this.breaches.push(`byte ${this.receivedCount} is not what was sent`);
      this.receivedCount += end - i;
      break;
    }
    if (this.random() < 0.1) this.act();
  }

  onDrain(): void {
    this.#check("onDrain", this.owesDrain);
    this.owesDrain = false;
    if (this.random() < 0.5) this.act();
  }

  onEnd(): void {
    this.#check("onEnd", !this.isPaused && !this.hasEnded);
    this.hasEnded = true;
    const { sentCount, hasAborted, hasShutDown, isGone } = this.peer;
    if (!hasShutDown && !isGone) this.breaches.push("an end without the peer's shutdown or close");
    if (!hasAborted && this.receivedCount !== sentCount) {
      this.breaches.push(`ended after ${this.receivedCount} of ${sentCount} bytes`);
    }
    if (this.random() < 0.3) this.act();
  }

  onClose(_socket: Socket, error: PeerError): void {
    this.#check("onClose", true);
    this.isGone = true;
    if (this.socket.isOpen) this.breaches.push("open in onClose");
    if (!this.peer.isGone) this.breaches.push(`failed by ${error.code} though its peer is there`);
  }

  #check(callback: string, isAllowed: boolean): void {
    if (this.isGone) this.breaches.push(`${callback} after the end`);
    if (!isAllowed) this.breaches.push(`${callback} at the wrong time: ${this.state()}`);
    if (this.receivedCount > this.peer.sentCount) this.breaches.push("more came than was sent");
  }

  state(): string {
    const flags = { paused: this.isPaused, ended: this.hasEnded, owesDrain: this.owesDrain };
    const set = Object.entries(flags).filter(([, isSet]) => isSet).map(([name]) => name);
    return `${this.name} received ${this.receivedCount} sent ${this.sentCount} ${set.join(" ")}`;
  }
}

async function makeActors(rig: Rig, seed: number): Promise<Actor[]> {
  const random = seededRandom(seed);
  const actors: Actor[] = [];
  for (const transport of ["tcp4", "unix"] as const) {
    const pairs = await rig.pairs(pairCount / 2, transport);
    for (const [index, pair] of pairs.entries()) {
      const ends = (["client", "server"] as const).map((side) => {
        const actor = new Actor(`${transport} ${index} ${side}`, random);
        actor.socket = pair[side].socket;
        actor.socket.handler = actor;
        return actor;
      });
      [ends[0].peer, ends[1].peer] = [ends[1], ends[0]];
      actors.push(...ends);
    }
  }
  return actors;
}

async function play(rig: Rig, seed: number): Promise<void> {
  const actors = await makeActors(rig, seed);
  const random = seededRandom(seed + 1000);
  for (let step = 0; step < stepCount; step++) {
    const inCallback = random() < 0.5;
    const act = () => {
      for (let i = 0; i < 8; i++) actors[Math.floor(random() * actors.length)].act();
    };
    // From the reactor's own callbacks and from Deno's loop: both are allowed.
    if (inCallback) rig.reactor.setTimer(0, act);
    else act();
    rig.reactor.wake();
    await sleep(random() < 0.3 ? 3 : 0);
  }
  await sleep(50);
  await settle(rig, actors);
  const breaches = actors.flatMap((actor) =>
    actor.breaches.map((breach) => `${actor.name}: ${breach}`)
  );
  assertEquals(breaches, [], `seed ${seed}`);
}

/** Makes all ends resume and finish; each must then see its peer's end. */
async function settle(rig: Rig, actors: readonly Actor[]): Promise<void> {
  for (const actor of actors) if (!actor.isGone) actor.resume();
  rig.reactor.wake();
  await sleep(100);
  for (const actor of actors) {
    if (actor.isGone) continue;
    if (actor.owesDrain && !actor.peer.isGone && !actor.peer.isPaused) {
      actor.breaches.push(`onDrain never came: ${actor.state()}; peer ${actor.peer.state()}`);
    }
    actor.resume();
    if (!actor.hasShutDown) actor.shutdown();
  }
  rig.reactor.wake();
  const deadline = performance.now() + 3000;
  const unheard = () => actors.filter((actor) => !actor.isGone && !actor.hasEnded);
  while (unheard().length > 0 && performance.now() < deadline) {
    for (const actor of unheard()) actor.resume();
    rig.reactor.wake();
    await sleep(10);
  }
  for (const actor of unheard()) actor.breaches.push(`the peer's end was not seen`);
}

for (let seed = 1; seed <= 5; seed++) {
  contractTest(
    `random operations on many connections obey the contract (seed ${seed})`,
    (rig) => play(rig, seed),
  );
}
