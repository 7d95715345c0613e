import { assertEquals, assertThrows } from "@std/assert";
import { StartError } from "../../../../../mod/base/errors.ts";
import {
  BodyStore,
  checkFolder,
  openUnnamed,
  type StoreFile,
} from "../../../../../mod/proxy/engine/forward/body_store.ts";

/** Reads everything from `position` on. */
function readAll(store: BodyStore, position = 0): Uint8Array {
  const result = new Uint8Array(store.length - position);
  for (let at = position; at < store.length;) {
    store.read(at);
    result.set(store.bytes.subarray(store.start, store.end), at - position);
    at += store.end - store.start;
  }
  return result;
}

const sample = Uint8Array.from({ length: 300_000 }, (_, index) => index * 7 & 255);

Deno.test("BodyStore returns the stored bytes, from memory and from its file", () => {
  for (const memory of [0, 1, 1000, 65_536, 300_000, Infinity]) {
    for (const step of [1000, 65_536, 300_000]) {
      const store = new BodyStore();
      for (let at = 0; at < sample.length; at += step) {
        store.append(sample, at, Math.min(at + step, sample.length), memory, null);
      }
      assertEquals(store.length, sample.length);
      for (const from of [0, 999, 123_456, sample.length - 1]) {
        assertEquals(readAll(store, from), sample.subarray(from), `${memory} ${step} ${from}`);
      }
      store.clear();
    }
  }
});

Deno.test("BodyStore can be appended to while it is being read", () => {
  const store = new BodyStore();
  store.append(sample, 0, 5000, 1000, null);
  store.read(2000);
  store.append(sample, 5000, 9000, 1000, null);
  assertEquals(readAll(store), sample.subarray(0, 9000));
  store.clear();
});

Deno.test("BodyStore leaves no file in the folder, and clear() frees its file", async () => {
  const folder = await Deno.makeTempDir();
  const store = new BodyStore();
  store.append(sample, 0, 100_000, 10, folder);
  assertEquals([...Deno.readDirSync(folder)], []);
  const open = () =>
    [...Deno.readDirSync("/proc/self/fd")].filter(({ name }) => {
      try {
        return Deno.readLinkSync(`/proc/self/fd/${name}`).startsWith(folder);
      } catch (error) {
        if (error instanceof Deno.errors.NotFound) return false;
        throw error;
      }
    }).length;
  assertEquals(open(), 1);
  store.clear();
  assertEquals(open(), 0);
  assertEquals(store.length, 0);
  store.append(sample, 0, 10, 100, folder);
  assertEquals(readAll(store), sample.subarray(0, 10));
  await Deno.remove(folder);
});

Deno.test("BodyStore continues after a short write and reports a full disk", () => {
  let room = 2500;
  const written: number[] = [];
  const file: StoreFile = {
    seekSync: (offset) => offset,
    writeSync(bytes) {
      if (room === 0) throw new Error("No space left on device (os error 28)");
      const count = Math.min(bytes.length, 1000, room);
      room -= count;
      written.push(...bytes.subarray(0, count));
      return count;
    },
    readSync: () => null,
    close: () => {},
  };
  const store = new BodyStore(() => file);
  store.append(sample, 0, 2200, 0, null);
  assertEquals(written, [...sample.subarray(0, 2200)]);
  assertThrows(() => store.append(sample, 2200, 4000, 0, null), Error, "No space left");
  assertThrows(() => store.read(0), Deno.errors.UnexpectedEof);
  store.clear();
});

Deno.test("openUnnamed() names a missing folder", () => {
  assertThrows(() => openUnnamed("/nonexistent/folder"), Deno.errors.NotFound);
});

Deno.test("checkFolder() names a folder in which no file can be created", () => {
  checkFolder(null, "app");
  assertThrows(
    () => checkFolder("/nonexistent", "app"),
    StartError,
    "request_buffer of app: cannot write to /nonexistent: ",
  );
});
