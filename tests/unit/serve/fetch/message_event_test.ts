import { assert, assertEquals } from "@std/assert";
import { ServedMessageEvent } from "../../../../mod/serve/fetch/message_event.ts";

Deno.test("ServedMessageEvent passes for a MessageEvent", () => {
  const target = new EventTarget();
  const event = new ServedMessageEvent(target, "hi") as unknown as MessageEvent;
  assert(event instanceof MessageEvent && event instanceof Event);
  assertEquals([event.type, event.data, event.origin, event.lastEventId], [
    "message",
    "hi",
    "",
    "",
  ]);
  assert([event.target, event.currentTarget, event.srcElement].every((each) => each === target));
  assertEquals([event.source, event.ports.length, event.bubbles], [null, 0, false]);
  assertEquals([event.cancelable, event.defaultPrevented], [false, false]);
  const native = new MessageEvent("message");
  assertEquals(typeof event.timeStamp, typeof native.timeStamp);
  assertEquals(String(event), String(native));
  event.stopPropagation();
});

Deno.test("a ServedMessageEvent can be dispatched again", () => {
  const target = new EventTarget();
  const seen: unknown[] = [];
  target.addEventListener("message", (event) => seen.push((event as MessageEvent).data));
  target.dispatchEvent(new ServedMessageEvent(target, 7) as unknown as Event);
  assertEquals(seen, [7]);
});
