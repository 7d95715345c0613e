/**
 * Attacks one server until TERM: `attacker.ts ATTACK PORT`. Connections that the server ends are
 * opened again. Then prints to standard error how many there were, and how many the server ended.
 */
import { delay } from "@std/async/delay";
import { type Attack, attacks } from "./attacks.ts";
import { isLost, openHttp2, sendAll } from "./door.ts";

const counts = { opened: 0, ended: 0 };

const [name, port] = Deno.args;
const attack = attacks.find((each) => each.name === name);
if (attack === undefined) throw new Error(`Cannot attack by ${name}: there is no such attack`);
Deno.addSignalListener("SIGTERM", () => {
  console.error(JSON.stringify(counts));
  Deno.exit(0);
});
await Promise.all(
  Array.from({ length: attack.connections }, () => attackForever(attack, Number(port))),
);

async function attackForever(attack: Attack, port: number): Promise<never> {
  while (true) {
    try {
      await attackOnce(attack, port);
    } catch (error) {
      if (!isLost(error)) throw error;
    }
    counts.ended++;
    await delay(attack.pauseMs);
  }
}

/** Returns when the server has ended the connection. */
async function attackOnce(
  { settings, rounds, pauseMs }: Attack,
  port: number,
): Promise<void> {
  using conn = await openHttp2({ port, certificate: null }, settings, rounds(0));
  counts.opened++;
  let isOpen = true;
  const drained = drain(conn).finally(() => isOpen = false);
  for (let round = 1; isOpen; round++) {
    const data = rounds(round);
    if (data.length > 0) await Promise.race([sendAll(conn, data), drained]);
    await Promise.race([delay(pauseMs), drained]);
  }
  await drained;
}

/** Reads and drops what comes, so that the attack does not end because nobody reads. */
async function drain(conn: Deno.Conn): Promise<void> {
  const chunk = new Uint8Array(1 << 16);
  while (await conn.read(chunk) !== null);
}
