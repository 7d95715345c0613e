/** Compares texts with snapshot files; `UPDATE_SNAPSHOTS=1` rewrites the files. */
import { assertEquals } from "@std/assert";

/** Compares `text` with the file `snapshots/NAME` beside the test (`import.meta.url`). */
export function assertSnapshot(testUrl: string, name: string, text: string): void {
  const file = new URL(`snapshots/${name}`, testUrl);
  if (Deno.env.get("UPDATE_SNAPSHOTS") === "1") {
    Deno.mkdirSync(new URL(".", file), { recursive: true });
    Deno.writeTextFileSync(file, text);
    return;
  }
  assertEquals(
    text,
    Deno.readTextFileSync(file),
    `${name} differs; UPDATE_SNAPSHOTS=1 accepts the new text`,
  );
}
