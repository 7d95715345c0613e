/** The table of malformed, ambiguous and valid requests over real sockets. */
import { assertEquals } from "@std/assert";
import { type Address, formatAddress } from "../../../mod/base/address.ts";
import { latin1Bytes } from "../../../mod/http/mod.ts";
import { startListening } from "../../support/binary.ts";
import { EchoServer } from "../../support/echo_server.ts";
import { freePort, tempFolder } from "../../support/ports.ts";
import { echoOutcome } from "../../fuzz/live_fuzz.ts";
import { isAllowed, outcomeOf, play, type Played } from "../../vectors/http1/play_row.ts";
import { echoesOf } from "../../vectors/http1/read_stream.ts";
import { type RequestRow, requestRows } from "../../vectors/http1/request_rows.ts";

/** Servers answer HTTP/2's preface in HTTP/2. */
const rows = requestRows.filter(({ bytes }) => !bytes.startsWith("PRI * HTTP/2.0\r\n\r\nSM\r\n"));

/** Rows in progress at a time: many, because most of them only wait. */
const rowsAtOnce = 24;

/** What rows hide after or inside another request. */
const smuggledRead = "GET /smuggled";

/** Plays every row and returns a line for each failure. */
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

/** What our own server must answer to the byte: the codec's reading, echoed. */
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

/** In one piece, and split where a partial head or body has to be kept. */
function cutsOf(length: number): number[][] {
  return [[], [1], [length >> 1], [length - 1], [length >> 2, length >> 1, length - 2]];
}

for (const backend of ["portable", "epoll"] as const) {
  Deno.test(`${backend}: every request row has its outcome over a socket, whole and in pieces`, async () => {
    await using server = await EchoServer.start(backend);
    const complaints = await playAll(rows, async (row) => {
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

/** In one piece, and in halves. */
function binaryCuts(length: number): number[][] {
  return [[], [length >> 1]];
}

/** `hayate serve ARGS...`; see `complainOfBinary`. */
async function complainOfServe(args: readonly string[], backend: string): Promise<string[]> {
  const port = freePort();
  const flags = ["serve", "--host", "127.0.0.1", "--port", String(port), ...args];
  return await complainOfBinary(flags, port, backend);
}

/** Plays every row against the built program; it may do anything that the RFCs allow. */
async function complainOfBinary(
  args: readonly string[],
  port: number,
  backend: string,
): Promise<string[]> {
  const address: Address = { kind: "tcp", host: "127.0.0.1", port };
  await using child = await startListening(args, address, { env: { HAYATE_REACTOR: backend } });
  const complaints = await playAll(rows, async (row) => {
    const stream = latin1Bytes(row.bytes);
    const mayWait = row.allowed.some((outcome) => outcome.endsWith("wait"));
    const found: string[] = [];
    for (const cuts of binaryCuts(stream.length)) {
      const { outcome } = await play(address, stream, row.reads, mayWait, cuts);
      if (isAllowed(outcome, row.allowed)) continue;
      found.push(`${row.name} (RFC ${row.section}): ${outcome}, allowed ${row.allowed.join(", ")}`);
    }
    return found;
  });
  if (child.hasEnded) complaints.push(`the server has ended: ${child.stderr}`);
  return complaints;
}

/** Reads all of the content before it answers. */
const app = `export default {
  async fetch(request) {
    return new Response(request.method + " " + (await request.text()).length);
  },
};
`;

for (const backend of ["portable", "epoll"] as const) {
  Deno.test(`${backend}: hayate serve --text gives each request row an outcome that its RFC allows`, async () => {
    assertEquals(await complainOfServe(["--text", "hello"], backend), []);
  });

  Deno.test(`${backend}: hayate serve APP.js gives each request row an outcome that its RFC allows`, async () => {
    await using folder = await tempFolder();
    const file = await folder.write("app.js", app);
    assertEquals(await complainOfServe([file], backend), []);
  });

  Deno.test(`${backend}: hayate serve DIR gives each request row an outcome that its RFC allows`, async () => {
    await using folder = await tempFolder();
    await folder.write("index.html", "hello");
    assertEquals(await complainOfServe([folder.path], backend), []);
  });

  Deno.test(`${backend}: hayate proxy gives each request row an outcome that its RFC allows`, async () => {
    await using upstream = await EchoServer.start("epoll");
    await using folder = await tempFolder();
    const port = freePort();
    const config = await folder.write("h2o.conf", proxyConfig(port, upstream.address));
    assertEquals(await complainOfBinary(["proxy", "-c", config], port, backend), []);
    const smuggled = requestRows.flatMap((row) => row.reads).filter((read) =>
      read === smuggledRead
    );
    // The upstream may have seen it only if it is a separate message.
    assertEquals(upstream.heardCount(smuggledRead), smuggled.length * binaryCuts(0).length);
  });
}

function proxyConfig(port: number, upstream: Address): string {
  return `listen:
  host: 127.0.0.1
  port: ${port}
hosts:
  default:
    paths:
      /:
        proxy.reverse.url: http://${formatAddress(upstream)}/
`;
}
