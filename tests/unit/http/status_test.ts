import { assertEquals } from "@std/assert";
import { reasonPhrase } from "../../../mod/http/status.ts";

Deno.test("reasonPhrase() gives the registry's phrases", () => {
  const rows: [number, string][] = [
    [200, "OK"],
    [203, "Non-Authoritative Information"],
    [207, "Multi-Status"],
    [407, "Proxy Authentication Required"],
    [413, "Content Too Large"],
    [422, "Unprocessable Content"],
    [511, "Network Authentication Required"],
  ];
  for (const [status, phrase] of rows) assertEquals(reasonPhrase(status), phrase);
});

Deno.test("reasonPhrase() names an unregistered status Unknown", () => {
  for (const status of [299, 306, 509, 599]) assertEquals(reasonPhrase(status), "Unknown");
});
