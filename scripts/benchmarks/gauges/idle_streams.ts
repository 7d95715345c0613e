/** A server's memory for streams that are open and wait. */
import { delay } from "@std/async/delay";
import { get } from "../../../tests/vectors/http2/wire.ts";
import type { GaugeGoal, GaugeSetting, ServerSpec } from "../comparison.ts";
import { type Door, initialWindow, openHttp2 } from "../http2/door.ts";
import { withNewer } from "../newer.ts";
import { TestBed } from "../test_bed.ts";
import { type Contestant, present, results, startContestants } from "./contestants.ts";

/** What the streams wait for. */
export interface Waiting {
  readonly text: string;
  readonly contenders: readonly ServerSpec[];
  /** Never answers; absent: the client's window is 0. */
  readonly upstream?: ServerSpec;
}

/** Connections are opened this many at once. */
const atOnce = 50;
/** Until all requests have been read, and a heap has been collected. */
const settleMs = 3000;

/** Memory in megabytes that `connections` with `streams` open streams each add, over TLS. */
export function idleStreams(
  connections: number,
  streams: number,
  goal: GaugeGoal,
  { text, contenders, upstream }: Waiting,
): GaugeSetting {
  return {
    text: `${connections.toLocaleString("en")} connections over TLS with ${streams} streams each ` +
      `that wait for ${text}`,
    goal,
    secondsFor: () => contenders.length * 10,
    async measure({ progress }) {
      // As many slots as there are streams, because each may need a connection to the upstream.
      await using bed = await TestBed.make("tcp", connections * (streams + 1), true);
      const all = await startContestants(bed, withNewer(contenders), upstream);
      const certificate = await Deno.readTextFile(bed.certificate!.certificateFile);
      // One sample: a second run would start with the memory left by the first.
      for (const each of present(all)) {
        progress(each.spec.name);
        const before = each.server.memory("Anonymous");
        const window = upstream === undefined ? [[initialWindow, 0] as const] : [];
        const conns = await openAll(each, certificate, connections, streams, window);
        try {
          await delay(settleMs);
          const grown = each.server.memory("Anonymous") - before;
          each.samples.push(grown / 1e6);
          each.note = `${(grown / connections / 1e3).toFixed(1)} kB per connection`;
        } finally {
          for (const conn of conns) conn.close();
        }
      }
      return results(all);
    },
  };
}

async function openAll(
  { target }: Contestant,
  certificate: string,
  connections: number,
  streams: number,
  pairs: readonly (readonly [id: number, value: number])[],
): Promise<Deno.Conn[]> {
  const { address } = target;
  if (address.kind !== "tcp") throw new TypeError("Cannot open HTTP/2 connections: no TCP");
  const door: Door = { port: address.port, certificate };
  const requests = Array.from({ length: streams }, (_, index) => get(2 * index + 1));
  const first = new Uint8Array(requests.flatMap((each) => [...each]));
  const conns: Deno.Conn[] = [];
  while (conns.length < connections) {
    const count = Math.min(atOnce, connections - conns.length);
    conns.push(
      ...await Promise.all(Array.from({ length: count }, () => openHttp2(door, pairs, first))),
    );
  }
  return conns;
}
