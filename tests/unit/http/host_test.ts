import { assertEquals } from "@std/assert";
import { latin1Bytes } from "../../../mod/http/mod.ts";
import { isHost } from "../../../mod/http/host.ts";
import { seededRandom } from "../../contract/seeded_random.ts";

const alphabet = "aAfFx019.-%:;!$&'()*+,=_~n[]@/ \\";

Deno.test("isHost() accepts only what is valid in a URL", () => {
  const random = seededRandom(7);
  const below = (bound: number) => Math.floor(random() * bound);
  const broken: string[] = [];
  for (let i = 0; i < 200_000; i++) {
    let host = below(20) === 0 ? "xn--" : "";
    for (let length = below(9); length > 0; length--) {
      host += alphabet[below(alphabet.length)];
    }
    if (below(20) === 0) host = `[${host}]`;
    const bytes = latin1Bytes(host);
    if (isHost(bytes, 0, bytes.length) && !URL.canParse(`http://${host || "localhost"}/`)) {
      broken.push(host);
    }
  }
  assertEquals(broken, []);
});
