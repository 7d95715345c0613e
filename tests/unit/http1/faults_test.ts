import { assert, assertEquals, assertThrows } from "@std/assert";
import { reasonPhrase } from "../../../mod/http/mod.ts";
import { describeFault, Fault } from "../../../mod/http1/mod.ts";

Deno.test("describeFault() gives each fault a status that closes the connection, and a phrase", () => {
  const codes = Object.values(Fault);
  assertEquals(new Set(codes).size, codes.length);
  for (const [name, code] of Object.entries(Fault)) {
    assert(code < 0);
    const description = describeFault(code);
    assertEquals(description.name, name);
    assert([400, 414, 431, 501, 505].includes(description.status));
    assert(description.phrase.length > 0 && !description.phrase.endsWith("."));
    assert(reasonPhrase(description.status) !== "Unknown");
  }
});

Deno.test("describeFault() throws for a number that is not a fault", () => {
  for (const code of [0, 1, -1000]) assertThrows(() => describeFault(code), RangeError);
});
