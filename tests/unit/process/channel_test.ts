import { assert, assertEquals } from "@std/assert";
import { Channel, openChannel, openPipe } from "../../../mod/process/channel.ts";
import { descriptorWatch } from "../../../mod/process/descriptor_watch.ts";
import { libc } from "../../../mod/sys/libc.ts";

/** Collects messages; `ended` resolves when the channel ends, `count(n)` when n messages are there. */
class Inbox {
  readonly messages: unknown[] = [];
  readonly ended: Promise<string>;
  #end!: (fault: string) => void;
  #awaited = { count: Infinity, resolve: () => {} };

  constructor() {
    this.ended = new Promise((resolve) => this.#end = resolve);
  }
  onMessage(message: unknown): void {
    this.messages.push(message);
    if (this.messages.length >= this.#awaited.count) this.#awaited.resolve();
  }
  onEnd(fault: string): void {
    this.#end(fault);
  }
  count(count: number): Promise<void> {
    if (this.messages.length >= count) return Promise.resolve();
    return new Promise((resolve) => this.#awaited = { count, resolve });
  }
}

Deno.test("Channel carries JSON messages in both directions, in order", async () => {
  const [left, right] = [new Inbox(), new Inbox()];
  const pair = openChannel(left);
  const theirs = new Channel(pair.theirs, right);
  for (let i = 0; i < 100; i++) pair.ours.send({ i });
  theirs.send(["ready", 1]);
  await Promise.all([left.count(1), right.count(100)]);
  assertEquals(left.messages, [["ready", 1]]);
  assertEquals(right.messages.at(-1), { i: 99 });
  pair.ours.close();
  await right.ended;
  assert(!theirs.isOpen);
  await descriptorWatch.settled();
});

Deno.test("Channel delivers a message larger than the socket's buffer", async () => {
  const [left, right] = [new Inbox(), new Inbox()];
  const pair = openChannel(left);
  const theirs = new Channel(pair.theirs, right);
  const text = "x".repeat(3_000_000);
  assert(pair.ours.send(text));
  await right.count(1);
  assertEquals((right.messages[0] as string).length, text.length);
  pair.ours.close();
  theirs.close();
  await descriptorWatch.settled();
});

Deno.test("Channel refuses messages when the other end has stopped reading", async () => {
  const pair = openChannel(new Inbox());
  const large = "x".repeat(1_000_000);
  let accepted = 0;
  while (pair.ours.send(large) && accepted < 100) accepted++;
  assert(accepted < 30, `${accepted} messages of 1 MB were queued`);
  pair.ours.close();
  pair.closeTheirs();
  await descriptorWatch.settled();
});

Deno.test("Channel ends when the other end sends an invalid message", async () => {
  const inbox = new Inbox();
  const pair = openChannel(inbox);
  libc.write(pair.theirs, new TextEncoder().encode("not json\n"), 9);
  assertEquals(await inbox.ended, '"not json" is not JSON');
  assert(!pair.ours.isOpen);
  assertEquals(inbox.messages, []);
  pair.closeTheirs();
  await descriptorWatch.settled();
});

Deno.test("DescriptorWatch reports the end of a pipe", async () => {
  const { readEnd, writeEnd } = openPipe();
  const woken = new Promise<void>((resolve) => {
    descriptorWatch.watch(readEnd, () => {
      descriptorWatch.forget(readEnd);
      resolve();
    });
  });
  libc.close(writeEnd);
  await woken;
  libc.close(readEnd);
  await descriptorWatch.settled();
});
