/** Output of many connections in one buffer: to whom, in which order, and when it leaves. */
import { assertEquals } from "@std/assert";
import { Outlet } from "../../../../mod/conn/io/outlet.ts";
import { Scratch } from "../../../../mod/conn/io/scratch.ts";
import type { BatchOutput } from "../../../../mod/net/reactor.ts";
import type { Socket } from "../../../../mod/net/reactor.ts";
import { HeadWriter } from "../../../../mod/http/mod.ts";
import { Random } from "../../../fuzz/random.ts";

/** A reactor's batch: what asked to be flushed at its end. */
class Batch {
  isOpen = true;
  readonly waiting = new Set<BatchOutput>();

  makeOutputBuffer(length: number): Uint8Array<ArrayBuffer> {
    return new Uint8Array(length);
  }

  flushAfterBatch(output: BatchOutput): boolean {
    if (this.isOpen) this.waiting.add(output);
    return this.isOpen;
  }

  end(): void {
    this.isOpen = false;
    for (const output of this.waiting) output.flush();
    this.waiting.clear();
    this.isOpen = true;
  }
}

interface Sent {
  readonly name: string;
  readonly text: string;
  readonly isLast: boolean;
}

/** An outlet whose socket notes what it is given. */
function outlet(scratch: Scratch, name: string, sent: Sent[], onWrite?: () => void): Outlet {
  const made = new Outlet(scratch);
  made.socket = {
    write(bytes: Uint8Array, start: number, end: number, isLast = false): number {
      sent.push({ name, text: new TextDecoder().decode(bytes.subarray(start, end)), isLast });
      onWrite?.();
      return end - start;
    },
  } as unknown as Socket;
  return made;
}

function write(to: Outlet, text: string): void {
  const bytes = new TextEncoder().encode(text);
  to.write(bytes, 0, bytes.length);
}

/** One callback of the reactor. */
function callback(scratch: Scratch, act: () => void): void {
  scratch.enter();
  act();
  scratch.leave();
}

Deno.test("the output of each connection is sent in one piece, at the end of the batch", () => {
  const batch = new Batch();
  const scratch = new Scratch(batch);
  const sent: Sent[] = [];
  const [a, b] = ["a", "b"].map((name) => outlet(scratch, name, sent));
  callback(scratch, () => {
    write(a, "head ");
    write(a, "body");
  });
  callback(scratch, () => write(b, "other"));
  assertEquals(sent, []);
  batch.end();
  assertEquals(sent.map(({ name, text }) => `${name}: ${text}`), ["a: head body", "b: other"]);
  batch.end();
  assertEquals(sent.length, 2);
});

Deno.test("outside a batch, a callback's output is sent after it, other output at once", () => {
  const batch = new Batch();
  batch.isOpen = false;
  const scratch = new Scratch(batch);
  const sent: Sent[] = [];
  const a = outlet(scratch, "a", sent);
  callback(scratch, () => {
    write(a, "1");
    write(a, "2");
    assertEquals(sent, []);
  });
  write(a, "3");
  assertEquals(sent.map(({ text }) => text), ["12", "3"]);
});

Deno.test("a closed connection drops its own output only", () => {
  const batch = new Batch();
  const scratch = new Scratch(batch);
  const sent: Sent[] = [];
  const [a, b, c] = ["a", "b", "c"].map((name) => outlet(scratch, name, sent));
  callback(scratch, () => write(a, "from a"));
  callback(scratch, () => write(b, "from b"));
  callback(scratch, () => write(c, "from c"));
  a.discard();
  c.discard();
  callback(scratch, () => write(b, ", more of b"));
  batch.end();
  assertEquals(sent.map(({ name }) => name), ["b", "b"]);
  assertEquals(sent.map(({ text }) => text).join(""), "from b, more of b");
});

Deno.test("the last output of a connection is sent at once, marked as the last", () => {
  const batch = new Batch();
  const scratch = new Scratch(batch);
  const sent: Sent[] = [];
  const [a, b] = ["a", "b"].map((name) => outlet(scratch, name, sent));
  callback(scratch, () => write(a, "stays"));
  callback(scratch, () => {
    write(b, "goes");
    b.flush(true);
  });
  assertEquals(sent, [
    { name: "a", text: "stays", isLast: false },
    { name: "b", text: "goes", isLast: true },
  ]);
});

Deno.test("large output is sent after what was written before it", () => {
  const batch = new Batch();
  const scratch = new Scratch(batch);
  const sent: Sent[] = [];
  const [a, b] = ["a", "b"].map((name) => outlet(scratch, name, sent));
  callback(scratch, () => write(b, "b"));
  callback(scratch, () => {
    write(a, "head");
    write(a, "x".repeat(70_000));
    write(a, "tail");
  });
  batch.end();
  const ofA = sent.filter(({ name }) => name === "a").map(({ text }) => text).join("");
  assertEquals(ofA, `head${"x".repeat(70_000)}tail`);
  assertEquals(sent.filter(({ name }) => name === "b").map(({ text }) => text), ["b"]);
});

Deno.test("pieces of a large body and what frames them leave together", () => {
  const batch = new Batch();
  const scratch = new Scratch(batch);
  const sent: Sent[] = [];
  const [a, b] = ["a", "b"].map((name) => outlet(scratch, name, sent));
  const frames = ("h".repeat(9) + "x".repeat(16_384)).repeat(4);
  for (const each of [a, b]) {
    callback(scratch, () => {
      for (let at = 0; at < frames.length; at += 16_393) {
        write(each, frames.slice(at, at + 9));
        write(each, frames.slice(at + 9, at + 16_393));
      }
    });
  }
  batch.end();
  assertEquals(sent.map(({ name, text }) => [name, text === frames]), [["a", true], ["b", true]]);
});

Deno.test("a socket may write, flush and close others in the middle of a flush", () => {
  const batch = new Batch();
  const scratch = new Scratch(batch);
  const sent: Sent[] = [];
  const [b, c, d] = ["b", "c", "d"].map((name) => outlet(scratch, name, sent));
  const a = outlet(scratch, "a", sent, () => {
    if (sent.filter(({ name }) => name === "a").length > 1) return;
    c.discard();
    callback(scratch, () => write(d, "d2"));
    d.flush();
    callback(scratch, () => write(b, "b2"));
  });
  callback(scratch, () => write(a, "a1"));
  callback(scratch, () => write(b, "b1"));
  callback(scratch, () => write(c, "c1"));
  callback(scratch, () => write(d, "d1"));
  batch.end();
  batch.end();
  const of = (name: string) =>
    sent.filter((each) => each.name === name).map(({ text }) => text).join("");
  assertEquals(["a", "b", "c", "d"].map(of), ["a1", "b1b2", "", "d1d2"]);
});

Deno.test("with any number of connections, writes and sizes, each gets its own bytes in order", () => {
  const random = new Random(Random.freshSeed());
  const batch = new Batch();
  const scratch = new Scratch(batch);
  const sent: Sent[] = [];
  const outlets = Array.from({ length: 100 }, (_, i) => outlet(scratch, String(i), sent));
  const expected = outlets.map(() => "");
  for (let i = 0; i < 3000; i++) {
    callback(scratch, () => {
      for (let writes = random.below(4); writes >= 0; writes--) {
        const index = random.below(outlets.length);
        const text = `<${i}.${writes}>${
          "x".repeat(random.oneIn(20) ? random.below(100_000) : random.below(300))
        }`;
        expected[index] += text;
        write(outlets[index], text);
      }
      if (random.oneIn(10)) outlets[random.below(outlets.length)].flush();
    });
    if (random.oneIn(16)) batch.end();
  }
  batch.end();
  const got = outlets.map(() => "");
  for (const { name, text } of sent) got[Number(name)] += text;
  for (const [index, text] of expected.entries()) {
    assertEquals(got[index] === text, true, `connection ${index}, seed ${random.seed}`);
  }
});

Deno.test("a head is sent alone and whole, however much room the buffer has left", () => {
  for (const left of [1000, 300, 128, 127, 101, 100, 99, 1]) {
    const batch = new Batch();
    const scratch = new Scratch(batch);
    const sent: Sent[] = [];
    const to = outlet(scratch, "a", sent);
    const head = new HeadWriter();
    head.ascii("x".repeat(900));
    head.clear();
    head.ascii("h".repeat(100));
    const before = "b".repeat(scratch.bytes.length - left);
    callback(scratch, () => {
      for (let at = 0; at < before.length; at += 10_000) write(to, before.slice(at, at + 10_000));
      to.writeHead(head);
      write(to, "after");
    });
    batch.end();
    assertEquals(sent.map(({ text }) => text).join(""), `${before}${"h".repeat(100)}after`);
  }
});
