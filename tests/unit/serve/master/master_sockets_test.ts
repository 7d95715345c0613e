import { assertEquals, assertMatch } from "@std/assert";
import { MasterSockets } from "../../../../mod/serve/master/master_sockets.ts";

function numbersIn(variable: string): number[] {
  return [...variable.matchAll(/=(\d+)/g)].map(([, number]) => Number(number));
}

Deno.test("with --reuse-port every socket has a worker and every worker a socket", () => {
  const listen = {
    ...{ reusePort: true, backlog: 16, pathMode: null, pathOwner: null },
    ...{ everyTls: false, certificate: null },
  };
  const socket = {
    address: { kind: "tcp" as const, host: "127.0.0.1", port: 0 },
    tls: false,
  };
  const sockets = new MasterSockets({ ...listen, sockets: [socket, socket] });
  try {
    sockets.bind(3);
    assertEquals([sockets.isPerSlot, sockets.socketCount], [true, 3]);
    for (const slotCount of [1, 2, 3]) {
      const handed = Array.from(
        { length: slotCount },
        (_, slot) => sockets.handTo(slot, slotCount),
      );
      // By the numbers that the workers have: what each of them serves, and what is spare.
      const servedBy = handed.map(({ descriptors, variable }) =>
        numbersIn(variable).map((wanted) =>
          descriptors.find(({ number }) => number === wanted)?.ours
        )
      );
      const fds = servedBy.flat();
      assertEquals([fds.length, new Set(fds).size], [6, 6]);
      for (const { descriptors, variable, spareVariable } of handed) {
        const numbers = [...numbersIn(variable), ...numbersIn(spareVariable)].toSorted((a, b) =>
          a - b
        );
        assertEquals(numbers, descriptors.map(({ number }) => number));
        assertEquals(new Set(descriptors.map(({ ours }) => ours)).size, 6);
      }
      for (const { variable } of handed) {
        assertMatch(variable, /^127\.0\.0\.1:\d+=5;/);
        assertEquals(new Set(variable.match(/:\d+=/g)).size, 2);
      }
    }
    sockets.ensure(4);
    assertEquals(sockets.socketCount, 4);
  } finally {
    sockets.release();
  }
});

Deno.test("without it the workers share one socket of each address", () => {
  const sockets = new MasterSockets({
    ...{ reusePort: false, backlog: 16, pathMode: null, pathOwner: null },
    ...{ everyTls: false, certificate: null },
    sockets: [{ address: { kind: "tcp", host: "127.0.0.1", port: 0 }, tls: false }],
  });
  try {
    sockets.bind(3);
    sockets.ensure(4);
    assertEquals([sockets.isPerSlot, sockets.socketCount], [false, 1]);
    const handed = [0, 1, 2, 3].map((slot) => sockets.handTo(slot, 4));
    assertEquals(new Set(handed.map(({ descriptors }) => descriptors[0].ours)).size, 1);
    assertEquals(handed.map(({ spareVariable }) => spareVariable), ["", "", "", ""]);
  } finally {
    sockets.release();
  }
});
