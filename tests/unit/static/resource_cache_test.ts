import { assertEquals } from "@std/assert";
import { Representation, type Resource } from "../../../mod/static/resource.ts";
import { ResourceCache } from "../../../mod/static/resource_cache.ts";

function resource(bytes: number): Resource {
  const content = new Uint8Array(bytes);
  const one = new Representation(null, bytes, content, NaN, "", "text/plain", null);
  return {
    representations: [one],
    location: null,
    watched: [],
    contentBytes: bytes,
    cacheControl: null,
    isNegotiated: false,
    isCompressed: false,
  };
}

Deno.test("ResourceCache stays within its limits and keeps what is asked for", () => {
  const cache = new ResourceCache({ entriesMax: 3, contentBytesMax: 100, recheckMs: 1000 });
  for (const name of ["/a", "/b", "/c"]) cache.add(name, resource(10), 0);
  cache.find("/a", 1);
  cache.add("/d", resource(10), 0);
  assertEquals([cache.size, cache.contentBytes], [3, 30]);
  assertEquals(cache.find("/a", 1) !== null, true);
  assertEquals(cache.find("/b", 1), null);
  cache.add("/e", resource(95), 0);
  assertEquals([cache.size, cache.contentBytes], [1, 95]);
});
