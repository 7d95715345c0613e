/** Contract: 10,000 connections open at once. */
// Runs alone: its connections take a third of the ports that the kernel gives out.
import { assert, assertEquals } from "@std/assert";
import { backends } from "./harness.ts";
import { openFilesMax, startProgram } from "./program.ts";

const wanted = 10_000;
/** Descriptors that a process needs for other purposes. */
const reserved = 200;

for (const backend of backends) {
  Deno.test(`${backend}: 10,000 connections are open at once, and each is served`, async () => {
    const count = Math.min(wanted, openFilesMax() - reserved);
    if (count < wanted) console.log(`only ${count} connections: the limit of open files is low`);
    await using server = startProgram("many_server_program.ts", [backend, String(count)]);
    const port = (await server.waitForLine(/port \d+/)).slice(5);
    // A separate process, so that each side needs one descriptor per connection.
    await using client = startProgram("many_client_program.ts", [backend, port, String(count)]);
    await client.waitForLine("all open");
    await server.waitForLine("all open");
    await client.waitForLine("all echoed");
    const peak = await server.waitForLine(/resident \d+ MB/);
    await server.waitForLine("all closed");
    const megabytes = Number(peak.match(/\d+/)![0]);
    console.log(`${backend}: ${count} connections, server ${peak}`);
    // 16 KB of buffer per connection and Deno's own needs; twice that is a leak.
    assert(megabytes < 700, peak);
    assertEquals(client.stderr, "");
  });
}
