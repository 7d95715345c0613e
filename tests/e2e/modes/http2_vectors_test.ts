/** The tables of frames, fields and blocks against the built program, over h2c and over TLS. */
import { assertEquals } from "@std/assert";
import { latin1 } from "../../support/raw_socket.ts";
import type { Http2Door } from "../../support/http2_connect.ts";
import { starts } from "../../support/http2_servers.ts";
import type { Http2Wire } from "../../support/http2_wire.ts";
import { backends } from "../../support/serve.ts";
import { fieldRows } from "../../vectors/http2/field_rows.ts";
import { type FrameRow, frameRows, openingRows } from "../../vectors/http2/frame_rows.ts";
import { faultyBlocks } from "../../vectors/http2/hpack_rows.ts";
import { block, frame, int, Type, whole } from "../../vectors/http2/wire.ts";

/** Answers a request when it is complete; one whose method is HOLD never. */
const app = `export default {
  async fetch(request) {
    if (request.method === "HOLD") await new Promise(() => {});
    await request.text();
    return new Response("ok");
  },
};
`;
const rowsAtOnce = 12;
const ping = frame(Type.ping, 0, 0, int(0, 8));

for (const [mode, start] of starts) {
  for (const backend of backends) {
    Deno.test(`${mode}: every row of frames, fields and blocks has its reaction (${backend})`, async () => {
      await using servers = await start({ app, backend });
      const complaints: string[] = [];
      for (const door of servers.doors) {
        const jobs = [...frameJobs(door), ...fieldJobs(door)];
        const players = Array.from({ length: rowsAtOnce }, async () => {
          for (let job = jobs.shift(); job !== undefined; job = jobs.shift()) {
            const { rule, wanted, play } = job;
            const came = await play().catch(String);
            if (!wanted.includes(came)) {
              complaints.push(`${door.name} ${rule}: came ${came}, not ${wanted.join(" or ")}`);
            }
          }
        });
        await Promise.all(players);
      }
      assertEquals(complaints, []);
    });
  }
}

interface Job {
  readonly rule: string;
  readonly wanted: readonly string[];
  readonly play: () => Promise<string>;
}

function frameJobs(door: Http2Door): Job[] {
  const blocks = faultyBlocks.map(({ rule, block }): FrameRow => ({
    rule: `RFC 7541 ${rule}`,
    frames: [frame(Type.headers, whole, 1, block)],
    expect: "connection COMPRESSION_ERROR",
  }));
  const opened = [...frameRows, ...blocks].map((row): Job => ({
    rule: row.rule,
    wanted: [row.expect],
    play: async () => {
      using wire = await door.open();
      return await playFrames(wire, row);
    },
  }));
  const first = openingRows.map((row): Job => ({
    rule: row.rule,
    // Without TLS the same listener speaks HTTP/1.1: what is no preface is a bad request of it.
    wanted: [row.expect, ...door.name === "h2c" ? ["HTTP/1.1"] : []],
    play: async () => {
      using wire = await door.connect();
      await wire.send(...row.frames);
      if (
        door.name !== "h2c" || latin1(row.frames[0]).startsWith("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")
      ) {
        return `connection ${(await wire.goaway()).split(" ")[1]}`;
      }
      return await wire.raw.readUntil("HTTP/1.1");
    },
  }));
  return [...opened, ...first];
}

/** Sends a row and gives the reaction in its words. */
async function playFrames(wire: Http2Wire, row: FrameRow): Promise<string> {
  const answered: number[] = [];
  let unsent: Uint8Array[] = [];
  for (const [i, bytes] of row.frames.entries()) {
    unsent.push(bytes);
    // The rows are about streams that are closed, as they are in a codec that answers at once.
    const isLast = i + 1 === row.frames.length;
    const waits = !isLast && isRequest(bytes) && !row.expect.startsWith("stream");
    // The rest at once: after GOAWAY of a client, a connection without streams ends.
    if (!isLast && !waits) continue;
    await wire.send(...unsent);
    unsent = [];
    if (waits && (await wire.response(bytes[8])).end === "END") answered.push(bytes[8]);
  }
  const [kind, ...words] = row.expect.split(" ");
  if (kind === "connection") return `connection ${(await wire.goaway()).split(" ")[1]}`;
  if (kind === "requests") {
    for (const id of words.map(Number)) {
      if (answered.includes(id)) continue;
      if ((await wire.response(id)).end === "END") answered.push(id);
    }
    return await lives(wire, `requests ${answered.join(" ")}`);
  }
  const { end } = await wire.response(Number(words[0]));
  return await lives(wire, `stream ${words[0]} ${end}`);
}

/** `reaction` if the connection lives and nothing else was sent. */
async function lives(wire: Http2Wire, reaction: string): Promise<string> {
  await wire.send(ping);
  while (true) {
    const { name, text } = await wire.next();
    if (name === "PING" && text === "ACK") return reaction;
    // After the last answer to a client that leaves.
    if (name === "GOAWAY" && text.endsWith("NO_ERROR")) return reaction;
    if (name === "GOAWAY" || name === "RST_STREAM") return `${reaction}, then ${name} ${text}`;
  }
}

/** HEADERS of a whole request that is answered. */
function isRequest(bytes: Uint8Array): boolean {
  return bytes[3] === Type.headers && (bytes[4] & whole) === whole &&
    !latin1(bytes).includes("HOLD") && (bytes[8] & 1) === 1;
}

function fieldJobs(door: Http2Door): Job[] {
  return fieldRows.map(({ rule, fields, expect }): Job => ({
    rule,
    wanted: expect.startsWith("ok")
      ? ["answered"]
      : expect.startsWith("refused")
      ? ["refused 414", "refused 431"]
      : ["reset PROTOCOL_ERROR"],
    play: async () => {
      using wire = await door.open();
      const pairs = fields.map((line): [string, string] => {
        const at = line.indexOf(":", 1);
        return [line.slice(0, at), line.slice(at + 1).replace(/^ /, "")];
      });
      await wire.send(...headFrames(block(...pairs)));
      const { heads, end } = await wire.response(1);
      if (heads.length === 0) return await lives(wire, `reset ${end}`);
      const status = heads[0].slice("status ".length, "status ".length + 3);
      const isRefused = status === "414" || status === "431";
      return await lives(wire, isRefused ? `refused ${status}` : "answered");
    },
  }));
}

/** HEADERS and as many CONTINUATION frames as the block needs. */
function headFrames(fields: Uint8Array): Uint8Array[] {
  const parts = [];
  for (let at = 0; at === 0 || at < fields.length; at += 16_384) {
    const isLast = at + 16_384 >= fields.length;
    const flags = (isLast ? 4 : 0) | (at === 0 ? 1 : 0);
    const part = fields.subarray(at, at + 16_384);
    parts.push(frame(at === 0 ? Type.headers : Type.continuation, flags, 1, part));
  }
  return parts;
}
