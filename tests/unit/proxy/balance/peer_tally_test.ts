import { assertEquals } from "@std/assert";
import { PeerTally } from "../../../../mod/proxy/balance/peer_tally.ts";

function sample(): PeerTally {
  const tally = new PeerTally();
  tally.noteStatus(200);
  tally.noteEnd(200, 0.3, 100, 1000);
  tally.noteStatus(200);
  tally.noteEnd(200, 3, 100, 2000);
  tally.noteStatus(503);
  tally.noteEnd(503, 1e9, 100, 10);
  return tally;
}

Deno.test("PeerTally counts times by status class and bucket, and codes and bytes", () => {
  const tally = sample();
  assertEquals([tally.codes[200], tally.codes[503], tally.codes[404]], [2, 1, 0]);
  assertEquals([...tally.timesOf(2)].flatMap((count, i) => count > 0 ? [[i, count]] : []), [
    [1, 1],
    [4, 1],
  ]);
  assertEquals(tally.timesOf(5).at(-1), 1);
  assertEquals([tally.timeSumMsOf(2), tally.timeSumMsOf(4)], [3.3, 0]);
  assertEquals([tally.sentBytes, tally.receivedBytes], [300, 3010]);
  const all = tally.allTimes();
  assertEquals([all.count, all.sumMs], [3, 1e9 + 3.3]);
});

Deno.test("PeerTally.add() sums the counts of several processes, sent as JSON", () => {
  const total = new PeerTally();
  for (let i = 0; i < 2; i++) total.add(JSON.parse(JSON.stringify(sample().counters())));
  assertEquals([total.codes[200], total.allTimes().count, total.receivedBytes], [4, 6, 6020]);
  total.clear();
  assertEquals(total.counters(), new PeerTally().counters());
});

Deno.test("PeerTally tolerates a status outside all classes", () => {
  const tally = new PeerTally();
  tally.noteStatus(999);
  tally.noteEnd(999, 1, 1, 1);
  assertEquals(tally.allTimes().count, 0);
});
