/** `max-connections`: clients of a full process wait until another client disconnects. */
import { assert, assertEquals } from "@std/assert";
import { runHayate, sleep, startListening } from "../../support/binary.ts";
import { Http2Wire } from "../../support/http2_wire.ts";
import { freePort, tempFolder } from "../../support/ports.ts";
import { RawConnection, tcp } from "../../support/raw_socket.ts";

const config = (port: number, max: number, workers: number) =>
  `listen: {port: ${port}, host: 127.0.0.1}
max-connections: ${max}
num-threads: ${workers}
hosts: {default: {paths: {/: {status: ON}}}}
`;

for (const workers of [1, 2]) {
  Deno.test(`max-connections, processes: ${workers}: four times as many clients are all served`, async () => {
    await using folder = await tempFolder();
    const port = freePort();
    const file = await folder.write("h2o.conf", config(port, 5, workers));
    await using _proxy = await startListening(["proxy", "-c", file], tcp(port));
    const limitedMs = await msOfLoad(port);
    const openPort = freePort();
    const openFile = await folder.write("open.conf", config(openPort, 0, workers));
    await using _open = await startListening(["proxy", "-c", openFile], tcp(openPort));
    // With a check for room every 20 ms, 5 clients at a time, it took more than ten times as long.
    const openMs = await msOfLoad(openPort);
    assert(limitedMs < 5 * openMs + 2000, `${limitedMs} ms, without the limit ${openMs} ms`);
  });
}

/** How long 5000 connections take, of which none fails. */
async function msOfLoad(port: number): Promise<number> {
  const args = ["load", "-c", "20", "-n", "5000", "--no-keepalive", "--timeout", "60s"];
  const startMs = performance.now();
  const { code, stdout } = await runHayate([...args, `http://127.0.0.1:${port}/`]);
  assertEquals(code, 0, stdout);
  assert(stdout.includes("5000 requests in") && !stdout.includes("rrors:"), stdout);
  return performance.now() - startMs;
}

Deno.test("max-connections is exact: the next client waits until another one disconnects", async () => {
  await using folder = await tempFolder();
  const port = freePort();
  const file = await folder.write("h2o.conf", config(port, 2, 1));
  await using _proxy = await startListening(["proxy", "-c", file], tcp(port));
  const [first, second, third] = [
    await RawConnection.open(tcp(port)),
    await RawConnection.open(tcp(port)),
    await RawConnection.open(tcp(port)),
  ];
  // Half a head: they are not idle, so they do not make room.
  for (const client of [first, second]) await client.send("GET / HTTP/1.1\r\n");
  await third.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
  let answered = false;
  const answer = third.readUntil("\r\n\r\n").then(() => answered = true);
  await sleep(200);
  assertEquals(answered, false);
  first.close();
  await answer;
  for (const client of [second, third]) client.close();
});

Deno.test("max-connections: idle connections make room for a waiting client", async () => {
  await using folder = await tempFolder();
  const port = freePort();
  const file = await folder.write("h2o.conf", config(port, 2, 1));
  await using _proxy = await startListening(["proxy", "-c", file], tcp(port));
  const request = "GET / HTTP/1.1\r\nHost: h\r\n\r\n";
  const kept = [await RawConnection.open(tcp(port)), await RawConnection.open(tcp(port))];
  for (const client of kept) {
    await client.send(request);
    await client.readUntil("\r\n\r\n");
  }
  using late = await RawConnection.open(tcp(port));
  await late.send(request);
  // The idle timeout is a minute.
  await late.readUntil("\r\n\r\n", 20_000);
  for (const client of kept) client.close();
});

Deno.test("http2-waiting-output bounds what waits for a client's window, and listeners' sum", async () => {
  const rows: readonly (readonly [lines: string, refused: number])[] = [
    ["", 0],
    ["http2-waiting-output-per-connection: 65535", 7],
    // A connection with less than 256 KiB is not to blame: files are read in pieces of 128 KiB.
    ["http2-waiting-output-per-listener: 65535", 5],
  ];
  for (const [lines, refused] of rows) {
    await using folder = await tempFolder();
    const port = freePort();
    await folder.write("www/big.txt", "x".repeat(200_000));
    const text = `listen: {port: ${port}, host: 127.0.0.1}
${lines}
hosts: {default: {paths: {/: {file.dir: "${folder.path}/www"}}}}
`;
    const file = await folder.write("h2o.conf", text);
    await using _proxy = await startListening(["proxy", "-c", file], tcp(port));
    // SETTINGS_INITIAL_WINDOW_SIZE of 0: every body waits.
    using wire = await Http2Wire.open(tcp(port), [4, 0]);
    const ids = [1, 3, 5, 7, 9, 11, 13, 15];
    for (const id of ids) await wire.get(id, "/big.txt");
    let count = 0;
    for (const id of ids) {
      const { name, text } = await wire.next(undefined, id);
      if (name === "RST_STREAM") count++;
      assertEquals(name === "RST_STREAM" ? text : "REFUSED_STREAM", "REFUSED_STREAM");
    }
    assertEquals(count, refused, lines);
  }
});
