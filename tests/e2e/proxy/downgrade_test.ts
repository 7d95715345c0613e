/** HTTP/2 in, HTTP/1.1 out: the exact bytes that reach the upstream. */
import { assertEquals, assertMatch } from "@std/assert";
import { ByteUpstream } from "../../support/byte_upstream.ts";
import { sleep } from "../../support/child.ts";
import { Http2Wire } from "../../support/http2_wire.ts";
import { TestProxy } from "../../support/proxy.ts";
import { type DowngradeRow, downgradeRows } from "../../vectors/http2/downgrade_rows.ts";
import { backends } from "../../support/serve.ts";

/** Fields that the proxy adds to every request, with the values that they must have. */
const added =
  /^(connection: keep-alive|x-forwarded-for: 127\.0\.0\.1|x-forwarded-proto: http|via: 2 a\.example)\r\n/gim;

for (const backend of backends) {
  Deno.test(`${downgradeRows.length} requests over HTTP/2 as an HTTP/1.1 upstream gets them (${backend})`, async () => {
    await using upstream = new ByteUpstream();
    await using proxy = await TestProxy.before(
      `http://127.0.0.1:${upstream.port}/`,
      ["proxy.preserve-host: ON"],
      "",
      {
        env: { HAYATE_REACTOR: backend },
      },
    );
    const complaints: string[] = [];
    for (const row of downgradeRows) {
      const seen = await play(row, proxy, upstream);
      const wanted = `${row.upstream} | ${row.client}`;
      if (seen !== wanted) {
        complaints.push(
          `${row.rule}:\n  came ${JSON.stringify(seen)}\n  not  ${JSON.stringify(wanted)}`,
        );
      }
    }
    assertEquals(complaints, []);
  });
}

/** What the upstream and the client get. Each row has a client connection of its own. */
async function play(row: DowngradeRow, proxy: TestProxy, upstream: ByteUpstream): Promise<string> {
  const before = upstream.connections.map(({ bytes }) => bytes.length);
  using wire = await Http2Wire.open(proxy.address);
  const isCut = row.upstream.endsWith("cut");
  const last = row.frames.length - 1;
  for (const [i, bytes] of row.frames.entries()) {
    // Sent at once, nothing of the request would leave the proxy before its end is known.
    const begun = row.upstream.slice(0, -"cut".length);
    if (isCut && i === last) await settled(() => reached(upstream, before) === begun);
    await wire.send(bytes);
  }
  const client = row.client === "gone" ? "gone" : await outcome(wire);
  await settled(() => reached(upstream, before) === row.upstream);
  // Whatever was sent for the row has arrived before this is answered, and does not spoil it.
  assertMatch(await proxy.get("/next"), /^HTTP\/1\.1 200 /, row.rule);
  return `${reached(upstream, before)} | ${row.client === "any" ? "any" : client}`;
}

/** What was received since `before`, without the request that follows a row and what all have. */
function reached(upstream: ByteUpstream, before: readonly number[]): string {
  const parts = upstream.connections.map(({ bytes, isCut }, i) => {
    const text = bytes.slice(before[i] ?? 0).replace(/GET \/next [^]*?\r\n\r\n/g, "").replace(
      added,
      "",
    );
    return isCut && text !== "" ? `${text}cut` : text;
  });
  return parts.join("") || "nothing";
}

/** Statuses, or the code of a reset or of GOAWAY. */
async function outcome(wire: Http2Wire): Promise<string> {
  const statuses: string[] = [];
  while (true) {
    const { name, text, ends } = await wire.next();
    if (name === "GOAWAY") return text;
    if (name === "RST_STREAM") return [...statuses, text].join(" ");
    if (name === "HEADERS") statuses.push(/^status (\d+)/.exec(text)?.[1] ?? "trailers");
    if (ends) return statuses.join(" ");
  }
}

/** Waits for `check` for 2 s; what is compared afterwards tells what went wrong. */
async function settled(check: () => boolean): Promise<void> {
  for (let i = 0; i < 200 && !check(); i++) await sleep(10);
}
