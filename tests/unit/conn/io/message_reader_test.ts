import { assertEquals } from "@std/assert";
import {
  headWaits,
  type MessageOwner,
  MessageReader,
  Next,
} from "../../../../mod/conn/io/message_reader.ts";
import { Framing, latin1, latin1Bytes } from "../../../../mod/http/mod.ts";
import { defaultLimits, describeFault, RequestParser } from "../../../../mod/http1/mod.ts";

/** Notes what a reader finds, as words. Each request is over when its body is complete. */
class Owner implements MessageOwner {
  readonly reader = new MessageReader(this, Next.head);
  readonly words: string[] = [];
  readonly #parser = new RequestParser(defaultLimits);
  /** Called after each word. */
  onWord: (word: string) => void = () => {};

  #say(word: string): void {
    this.words.push(word);
    this.onWord(word);
  }

  onHeadBytes(bytes: Uint8Array, start: number, end: number, lastEnd: number): number {
    const next = this.#parser.parse(bytes, start, end, lastEnd);
    if (next <= 0) return next;
    const { head } = this.#parser;
    this.reader.receivedBytes = next - start;
    if (head.framing !== Framing.none) {
      this.reader.beginBody(head.framing, head.contentLength, defaultLimits);
    }
    if (head.upgrade) this.reader.offerRest(bytes, next, end);
    this.#say(head.pathText());
    this.reader.withdrawRest();
    return next;
  }

  onBodyData(bytes: Uint8Array, start: number, end: number): void {
    this.#say(`+${latin1(bytes, start, end)}`);
  }

  onBodyComplete(): void {
    this.reader.next = Next.head;
    this.#say(`. ${this.reader.receivedBytes}`);
  }

  onExcess(): void {
    this.reader.close();
    this.#say("excess");
  }

  onFault(fault: number): void {
    this.reader.close();
    this.#say(describeFault(fault).name);
  }

  receive(text: string): void {
    // In the middle of a larger buffer, as a reactor passes it.
    const bytes = latin1Bytes(`#${text}#`);
    this.reader.receive(bytes, 1, bytes.length - 1);
  }
}

const get = "GET /get HTTP/1.1\r\nHost: a\r\n\r\n";
const post = "POST /post HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc";

Deno.test("MessageReader finds the same messages wherever the input is split", () => {
  const text = get + post + get;
  for (let at = 1; at < text.length; at++) {
    const owner = new Owner();
    // A connection is kept after a message only if nothing is queued.
    owner.onWord = () => assertEquals(owner.reader.queuedBytes, 0);
    owner.receive(text.slice(0, at));
    owner.receive(text.slice(at));
    const data = owner.words.filter((word) => word.startsWith("+")).join("").replaceAll("+", "");
    const others = owner.words.filter((word) => !word.startsWith("+"));
    assertEquals([...others, data], ["/get", "/post", `. ${post.length}`, "/get", "abc"]);
    assertEquals(owner.reader.queuedBytes, 0);
  }
});

Deno.test("MessageReader queues while it is paused, and for a message of later", () => {
  const owner = new Owner();
  owner.onWord = (word) => {
    if (word === "/post") owner.reader.isPaused = true;
    if (word.startsWith(".")) owner.reader.next = Next.later;
  };
  owner.receive(post + get);
  assertEquals(owner.words, ["/post"]);
  assertEquals(owner.reader.queuedBytes, 3 + get.length);
  owner.reader.isPaused = false;
  owner.reader.processQueue();
  assertEquals(owner.words, ["/post", "+abc", `. ${post.length}`]);
  owner.reader.next = Next.head;
  owner.reader.processQueue();
  assertEquals(owner.words.at(-1), "/get");
  assertEquals(owner.reader.queuedBytes, 0);
});

Deno.test("MessageReader parses a head that had to wait from its start", () => {
  const owner = new Owner();
  const parse = owner.onHeadBytes.bind(owner);
  owner.onHeadBytes = () => headWaits;
  owner.receive(get);
  owner.onHeadBytes = parse;
  owner.reader.processQueue();
  assertEquals(owner.words, ["/get"]);
});

Deno.test("MessageReader stops at a fault, at excess and when it is closed", () => {
  const faulty = new Owner();
  faulty.receive(`GET /get HTTP/1.1\r\nHost : a\r\n\r\n${get}`);
  assertEquals(faulty.words, ["fieldName"]);
  const idle = new Owner();
  idle.reader.next = Next.excess;
  idle.receive("x");
  assertEquals(idle.words, ["excess"]);
  const closed = new Owner();
  closed.onWord = () => closed.reader.close();
  closed.receive(post + get);
  assertEquals(closed.words, ["/post"]);
  assertEquals([faulty, idle, closed].map(({ reader }) => reader.queuedBytes), [0, 0, 0]);
});

Deno.test("MessageReader drops what belongs to nothing", () => {
  const owner = new Owner();
  owner.reader.next = Next.nothing;
  owner.receive("x".repeat(100));
  assertEquals([owner.words.length, owner.reader.queuedBytes], [0, 0]);
});

Deno.test("MessageReader.takeRest() returns what follows the head, and nothing else", () => {
  const upgrade =
    "GET /up HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n";
  for (const splitAt of [0, 10, upgrade.length, upgrade.length + 2]) {
    const owner = new Owner();
    let early = "";
    owner.onWord = () => {
      const rest = owner.reader.takeRest();
      early = latin1(rest, 0, rest.length);
      owner.reader.close();
    };
    const text = `${upgrade}frames`;
    if (splitAt > 0) owner.receive(text.slice(0, splitAt));
    if (early === "") owner.receive(text.slice(splitAt));
    assertEquals(
      early,
      splitAt === upgrade.length + 2 ? "fr" : splitAt === upgrade.length ? "" : "frames",
    );
  }
});

Deno.test("MessageReader tells how much of the body the next bytes are, unless they must wait", () => {
  const owner = new Owner();
  const { reader } = owner;
  assertEquals(reader.bodyBytesAhead, 0);
  owner.receive("POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhe");
  assertEquals(reader.bodyBytesAhead, 3);
  reader.isPaused = true;
  assertEquals(reader.bodyBytesAhead, 0);
  owner.receive("l");
  reader.isPaused = false;
  // What is queued comes first.
  assertEquals(reader.bodyBytesAhead, 0);
  reader.processQueue();
  assertEquals(reader.bodyBytesAhead, 2);
  reader.next = Next.discard;
  assertEquals(reader.bodyBytesAhead, 0);
  owner.receive("lo");
  assertEquals(reader.bodyBytesAhead, 0);
});
