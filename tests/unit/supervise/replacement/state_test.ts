import { assertEquals, assertMatch } from "@std/assert";
import {
  descriptorsOf,
  readState,
  type ReplacementState,
  stateVersion,
} from "../../../../mod/supervise/replacement/state.ts";

const state: ReplacementState = {
  version: stateVersion,
  sockets: [{ name: "80", datagram: false, fds: [7, 8], isOurs: true }],
  workers: [{ pid: 100, generation: 3 }],
  leases: [9],
  logPipe: { readEnd: 10, writeEnd: 11 },
  ticketSeed: "00",
  selfSigned: null,
  notifySocket: "",
  servedConfig: null,
  openers: [{ fd: 12, grants: ["read /k.pem"], user: { uid: 33, gids: [33] } }],
};

Deno.test("readState() reads back what was written", () => {
  assertEquals(readState(JSON.stringify(state)), state);
  assertEquals(descriptorsOf(state), [7, 8, 9, 10, 11, 12]);
});

const faults: [Record<string, unknown>, RegExp][] = [
  [{ version: stateVersion + 1 }, /^version /],
  [{ sockets: [{ ...state.sockets[0], fds: [] }] }, /^sockets\[0\]\.fds/],
  [{ sockets: [{ ...state.sockets[0], fds: [-1] }] }, /^sockets\[0\]\.fds\[0\] is -1/],
  [{ workers: [{ pid: 0, generation: 1 }] }, /^workers\[0\]\.pid is 0/],
  [{ logPipe: { readEnd: 1 } }, /^logPipe\.writeEnd is missing/],
  [{ openers: [{ fd: 12, grants: [], user: { uid: -1, gids: [] } }] }, /^openers\[0\]\.user\.uid/],
  [{ leases: ["9"] }, /^leases\[0\] is "9"/],
];

for (const [change, fault] of faults) {
  Deno.test(`readState() refuses ${JSON.stringify(change)}`, () => {
    assertMatch(String(readState(JSON.stringify({ ...state, ...change }))), fault);
  });
}

Deno.test("readState() refuses what is no JSON", () => {
  assertMatch(String(readState("")), /^not JSON/);
});
