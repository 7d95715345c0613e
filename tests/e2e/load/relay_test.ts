/** `hayate load relay`: who is let through to the coordinator of `load --on swarm`, and what passes. */
import { assertEquals, assertMatch } from "@std/assert";
import { type FromRelay, relayName } from "../../../mod/load/fleet/wire/relay_messages.ts";
import { LineReader } from "../../../mod/load/fleet/wire/lines.ts";
import { binaryPath } from "../../support/binary.ts";

const token = "0".repeat(64);
const who = { id: "i", slot: "1", node: "n" };

interface RelayUnderTest extends AsyncDisposable {
  readonly port: number;
  readonly certificate: string;
  say(message: unknown): Promise<void>;
  /** The next message. */
  hear(): Promise<FromRelay>;
  /** Closes its input; resolves to its exit code. */
  end(): Promise<number>;
}

async function startRelay(): Promise<RelayUnderTest> {
  const command = new Deno.Command(binaryPath, {
    args: ["load", "relay"],
    stdin: "piped",
    stdout: "piped",
  });
  const child = command.spawn();
  const input = child.stdin.getWriter();
  const messages: FromRelay[] = [];
  const lines = new LineReader((line) => messages.push(JSON.parse(line)));
  const output = child.stdout.getReader();
  const hear = async () => {
    while (messages.length === 0) {
      const { value } = await output.read();
      if (value === undefined) throw new Error("the relay has ended");
      lines.take(value);
    }
    return messages.shift()!;
  };
  const listening = await hear();
  if (listening.kind !== "listening") throw new Error(`unexpected: ${listening.kind}`);
  let isClosed = false;
  const end = async () => {
    if (!isClosed) await input.close();
    isClosed = true;
    return (await child.status).code;
  };
  return {
    port: listening.port,
    certificate: listening.certificate,
    say: (message) => input.write(new TextEncoder().encode(`${JSON.stringify(message)}\n`)),
    hear,
    end,
    async [Symbol.asyncDispose]() {
      await end();
      await output.cancel();
    },
  };
}

/** A connection as a task makes it: only the relay's own certificate is believed. */
async function dial({ port, certificate }: RelayUnderTest): Promise<Deno.TlsConn> {
  const transport = await Deno.connect({ hostname: "127.0.0.1", port });
  return await Deno.startTls(transport, { hostname: relayName, caCerts: [certificate] });
}

async function write(connection: Deno.Conn, text: string): Promise<void> {
  const bytes = new TextEncoder().encode(text);
  for (let at = 0; at < bytes.length;) at += await connection.write(bytes.subarray(at));
}

/** Everything until the relay ends the connection. */
async function readAll(connection: Deno.Conn): Promise<string> {
  try {
    return await new Response(connection.readable).text();
  } catch (error) {
    if (error instanceof Deno.errors.ConnectionReset) return "";
    if (error instanceof Deno.errors.UnexpectedEof) return "";
    throw error;
  }
}

Deno.test("load relay brings lines both ways, and says who came and went", async () => {
  await using relay = await startRelay();
  await relay.say({ kind: "open", token, tasksMax: 2 });
  const task = await dial(relay);
  await write(task, `${JSON.stringify({ token, who })}\n{"kind":"hello"}\n`);
  assertEquals(await relay.hear(), { kind: "came", task: 1, who });
  assertEquals(await relay.hear(), { kind: "line", task: 1, line: '{"kind":"hello"}' });
  await relay.say({ kind: "line", task: 1, line: "x".repeat(1_000_000) });
  const bytes = new Uint8Array(65536);
  for (let count = 0; count < 1_000_001;) count += await task.read(bytes) ?? 0;
  assertEquals(await relay.hear(), { kind: "taken", task: 1 });
  task.close();
  const gone = await relay.hear();
  assertMatch(gone.kind === "gone" ? gone.reason : "", /^the connection to it (?:ended|failed)/);
  assertEquals(await relay.end(), 0);
});

Deno.test("load relay lets nobody in who does not know the token", async (test) => {
  await using relay = await startRelay();
  await relay.say({ kind: "open", token, tasksMax: 2 });
  const greetings = [
    JSON.stringify({ token: "1".repeat(64), who }),
    JSON.stringify({ token: "", who }),
    JSON.stringify({ token }),
    JSON.stringify({ token, who: { ...who, id: "x".repeat(201) } }),
    '{"kind":"hello"}',
    "x".repeat(5000),
  ];
  for (const greeting of greetings) {
    await test.step(greeting.slice(0, 40), async () => {
      const stranger = await dial(relay);
      await write(stranger, `${greeting}\n`);
      assertEquals(await readAll(stranger), "");
    });
  }
  await test.step("plain text", async () => {
    const stranger = await Deno.connect({ hostname: "127.0.0.1", port: relay.port });
    await write(stranger, `${JSON.stringify({ token, who })}\n`);
    await readAll(stranger);
  });
  // The relay has said nothing of any of them.
  const task = await dial(relay);
  await write(task, `${JSON.stringify({ token, who })}\n`);
  assertEquals(await relay.hear(), { kind: "came", task: 1, who });
  await relay.say({ kind: "drop", task: 1 });
  assertEquals(await readAll(task), "");
});
