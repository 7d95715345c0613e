/** The table of malformed, ambiguous and valid responses, sent by an upstream of the proxy. */
import { assertEquals } from "@std/assert";
import { Method, methodNames } from "../../../mod/http/mod.ts";
import { type ResponseRow, responseRows } from "../../vectors/http1/response_rows.ts";
import { type Answer, readAnswers } from "../../vectors/http1/play_row.ts";
import { ScriptedUpstream, TestProxy, type UpstreamScript } from "../../support/proxy.ts";

const rowsAtOnce = 16;

/** Answers a request for `/N` with the bytes of row N, then closes. */
const playing: UpstreamScript = async (peer) => {
  const head = await peer.readHead();
  if (head === null) return;
  await peer.send(responseRows[Number(/^\S+ \/(\d+)/.exec(head)![1])].bytes);
};

/** The required outcome of a row: the response unchanged, a 502, or a visibly incomplete end. */
type Wanted =
  | { readonly kind: "answer"; readonly status: number; readonly body: string }
  | { readonly kind: "refused" }
  | { readonly kind: "refused or cut" };

function wantedOf(row: ResponseRow): Wanted {
  for (const read of row.reads) {
    if (/^fault (chunk|trailer)/.test(read) || read === "partial body") {
      return { kind: "refused or cut" };
    }
    if (/^(fault|partial)/.test(read)) return { kind: "refused" };
    const status = Number(read.slice(0, 3));
    if (status < 200) continue;
    const body = /\[(.*)\]/s.exec(read)?.[1] ?? "";
    return { kind: "answer", status, body };
  }
  throw new Error(`${row.name}: no final response`);
}

function complaint(row: ResponseRow, wanted: Wanted, came: Answer[] | string): string[] {
  const first = typeof came === "string" ? null : came[0];
  const isRefused = first !== null && came.length === 1 && first.status === 502;
  let isWanted = false;
  if (wanted.kind === "refused") isWanted = isRefused;
  else if (wanted.kind === "refused or cut") isWanted = isRefused || first === null;
  else {
    isWanted = first !== null && came.length === 1 && first.status === wanted.status &&
      first.body === wanted.body;
  }
  if (isWanted) return [];
  const text = JSON.stringify(came).slice(0, 200);
  return [`${row.name} (RFC ${row.section}): expected ${JSON.stringify(wanted)}, came ${text}`];
}

async function playRow(proxy: TestProxy, index: number): Promise<string[]> {
  const row = responseRows[index];
  using connection = await proxy.connect();
  const method = methodNames[row.method];
  await connection.send(`${method} /${index} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`);
  const bytes = await connection.readAll({ idleMs: 10_000 });
  let came: Answer[] | string;
  try {
    came = connection.isClosedByPeer ? readAnswers(bytes, [row.method]) : "an open connection";
    if (came.length === 0) came = "nothing";
  } catch (error) {
    came = String(error);
  }
  return complaint(row, wantedOf(row), came);
}

for (const backend of ["portable", "epoll"] as const) {
  Deno.test(`${backend}: hayate proxy forwards valid responses unchanged and refuses the others`, async () => {
    await using upstream = ScriptedUpstream.start(playing);
    await using proxy = await TestProxy.start(
      `listen: {port: PORT, host: 127.0.0.1}
hosts: {default: {paths: {/: {proxy.reverse.url: "http://127.0.0.1:${upstream.port}/"}}}}
`,
      { env: { HAYATE_REACTOR: backend } },
    );
    // A tunnel has tests of its own.
    const rows = responseRows.map((_, i) => i).filter((i) =>
      responseRows[i].method !== Method.connect
    );
    const complaints: string[] = [];
    const players = Array.from({ length: rowsAtOnce }, async () => {
      for (let row = rows.shift(); row !== undefined; row = rows.shift()) {
        complaints.push(...await playRow(proxy, row));
      }
    });
    await Promise.all(players);
    assertEquals(complaints, []);
  });
}
