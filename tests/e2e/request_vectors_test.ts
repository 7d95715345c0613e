/** The table of malformed, ambiguous and sound requests over real sockets. */
import { assertEquals } from "@std/assert";
import { latin1Bytes } from "../../mod/http1/mod.ts";
import { EchoServer } from "../support/echo_server.ts";
import { messagesOf, outcomeOf, play, type Played } from "../vectors/http1/play_row.ts";
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
  const messages = messagesOf(row.reads);
  const wanted = outcomeOf(row.reads).split(" ");
  for (let i = 0; i < messages.length; i++) {
    wanted[i] = messages[i].startsWith("CONNECT") ? "405" : "200";
  }
  const complaints: string[] = [];
  if (played.outcome !== wanted.join(" ")) {
    complaints.push(`${row.name} (${how}): expected ${wanted.join(" ")}, came ${played.outcome}`);
  }
  for (let i = 0; i < messages.length; i++) {
    const body = played.answers[i]?.body ?? "";
    const echo = messages[i].replace(/ close$/, "").replace(/ \{[^{}]*\}/g, "").replace(" 1.0", "");
    if (body !== (messages[i].startsWith("HEAD ") ? "" : echo)) {
      complaints.push(`${row.name} (${how}): answer ${i} is ${body}, expected ${echo}`);
    }
  }
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
