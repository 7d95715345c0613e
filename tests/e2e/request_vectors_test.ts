/** The table of malformed, ambiguous and sound requests over real sockets. */
import { assertEquals } from "@std/assert";
import { latin1Bytes } from "../../mod/http1/mod.ts";
import { EchoServer } from "../support/echo_server.ts";
import { echoOutcome } from "../fuzz/live_fuzz.ts";
import { outcomeOf, play, type Played } from "../vectors/http1/play_row.ts";
import { echoesOf } from "../vectors/http1/read_stream.ts";
import { type RequestRow, requestRows } from "../vectors/http1/request_rows.ts";

/** Rows under way at a time: many, because those that wait only wait. */
const rowsAtOnce = 24;

/** Plays every row and gives a line for each that went wrong. */
async function playAll(
  rows: readonly RequestRow[],
  playOne: (row: RequestRow) => Promise<string[]>,
): Promise<string[]> {
  const complaints: string[] = [];
  const queue = [...rows];
  const players = Array.from({ length: rowsAtOnce }, async () => {
    for (let row = queue.shift(); row !== undefined; row = queue.shift()) {
      try {
        complaints.push(...await playOne(row));
      } catch (error) {
        complaints.push(`${row.name}: ${String(error)}`);
      }
    }
  });
  await Promise.all(players);
  return complaints;
}

/** What our own server owes to the byte: the codec's reading, echoed. */
function complainOfEcho(row: RequestRow, played: Played, how: string): string[] {
  const complaints: string[] = [];
  const wanted = echoOutcome(row.reads);
  if (played.outcome !== wanted) {
    complaints.push(`${row.name} (${how}): expected ${wanted}, came ${played.outcome}`);
  }
  echoesOf(latin1Bytes(row.bytes)).forEach((echo, i) => {
    const body = played.answers[i]?.body;
    if (body !== (echo.startsWith("HEAD ") ? "" : echo)) {
      complaints.push(`${row.name} (${how}): answer ${i} is ${body}, expected ${echo}`);
    }
  });
  return complaints;
}

/** At once, and cut where a partial head or body has to be kept. */
function cutsOf(length: number): number[][] {
  return [[], [1], [length >> 1], [length - 1], [length >> 2, length >> 1, length - 2]];
}

for (const backend of ["portable", "epoll"] as const) {
  Deno.test(`${backend}: every request row gets its outcome over a socket, whole and in pieces`, async () => {
    await using server = await EchoServer.start(backend);
    const complaints = await playAll(requestRows, async (row) => {
      const stream = latin1Bytes(row.bytes);
      const mayWait = outcomeOf(row.reads).endsWith("wait");
      const found: string[] = [];
      for (const cuts of cutsOf(stream.length)) {
        const played = await play(server.address, stream, row.reads, mayWait, cuts);
        found.push(...complainOfEcho(row, played, cuts.length === 0 ? "whole" : `cut ${cuts}`));
      }
      return found;
    });
    assertEquals(complaints, []);
  });
}
