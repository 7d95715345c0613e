/**
 * What the coordinator, which the user has started, and a machine, which sends a share of the run, say
 * to each other: lines of JSON. The coordinator speaks first.
 */
import { version } from "../../../base/version.ts";
import { counterNames } from "../../stats/thread_stats.ts";
import type { ThreadSlice } from "../../plan/prepare.ts";
import {
  count,
  matching,
  number,
  oneOf,
  readShaped,
  record,
  type Shape,
  tagged,
  text,
  whole,
} from "../../../base/shape.ts";

/** Machines of another program would misread plans and statistics: both ends must say the same. */
export const dialect = `${version} ${counterNames.length} ${counterNames.join(" ")}`;

/** Each end says that it is there this often ... */
export const aliveEveryMs = 5000;
/** ... and gives the other one up after so long without a word. */
export const silenceMaxMs = 30_000;

/** From the coordinator to a machine. Values are `encodeValue`'s. */
export type ToMachine =
  | { readonly kind: "hello"; readonly dialect: string }
  | { readonly kind: "alive" }
  /** The next bytes of a file, base64; `path` is absolute, as at the coordinator. */
  | { readonly kind: "file"; readonly path: string; readonly data: string }
  /** A symbolic link between two files of the parcel. */
  | { readonly kind: "link"; readonly path: string; readonly target: string }
  | {
    readonly kind: "plan";
    readonly plan: unknown;
    /** The coordinator's working folder. */
    readonly folder: string;
    readonly slice: ThreadSlice;
    /** One for each thread of the slice, or none. */
    readonly scripts: unknown;
    /** Value of HAYATE_REACTOR. */
    readonly reactor: string;
  }
  /** Get ready for a run. */
  | { readonly kind: "run" }
  | { readonly kind: "ping"; readonly id: number }
  /** On the machine's own clock, in milliseconds since the epoch. */
  | { readonly kind: "start"; readonly atMs: number }
  | { readonly kind: "stop" }
  | { readonly kind: "end" };

/** From a machine to the coordinator. */
export type FromMachine =
  | {
    readonly kind: "hello";
    readonly dialect: string;
    readonly hostName: string;
    readonly cpuCount: number;
  }
  | { readonly kind: "alive" }
  | { readonly kind: "prepared" }
  | { readonly kind: "ready" }
  | { readonly kind: "pong"; readonly id: number; readonly clockMs: number }
  | { readonly kind: "interval"; readonly interval: unknown }
  | { readonly kind: "result"; readonly result: unknown }
  /** It cannot go on. */
  | { readonly kind: "failed"; readonly message: string; readonly exitCode: number };

const anything: Shape = matching("a value", (value) => value !== undefined);
const only = (kind: string): Shape => record<{ kind: string }>({ kind: oneOf(kind) });
type Of<Message, Kind> = Extract<Message, { readonly kind: Kind }>;

const toMachine = tagged("kind", {
  hello: record<Of<ToMachine, "hello">>({ kind: text, dialect: text }),
  alive: only("alive"),
  file: record<Of<ToMachine, "file">>({ kind: text, path: text, data: text }),
  link: record<Of<ToMachine, "link">>({ kind: text, path: text, target: text }),
  plan: record<Of<ToMachine, "plan">>({
    kind: text,
    plan: anything,
    folder: text,
    slice: record<ThreadSlice>({ first: count, count, total: count }),
    scripts: anything,
    reactor: text,
  }),
  run: only("run"),
  ping: record<Of<ToMachine, "ping">>({ kind: text, id: count }),
  start: record<Of<ToMachine, "start">>({ kind: text, atMs: number }),
  stop: only("stop"),
  end: only("end"),
});

const fromMachine = tagged("kind", {
  hello: record<Of<FromMachine, "hello">>({
    kind: text,
    dialect: text,
    hostName: text,
    cpuCount: count,
  }),
  alive: only("alive"),
  prepared: only("prepared"),
  ready: only("ready"),
  pong: record<Of<FromMachine, "pong">>({ kind: text, id: count, clockMs: number }),
  interval: record<Of<FromMachine, "interval">>({ kind: text, interval: anything }),
  result: record<Of<FromMachine, "result">>({ kind: text, result: anything }),
  failed: record<Of<FromMachine, "failed">>({ kind: text, message: text, exitCode: whole(0, 255) }),
});

/** The message in a line, or what is wrong with it. */
export function readToMachine(line: string): { readonly value: ToMachine } | string {
  return readShaped<ToMachine>(line, toMachine, "a message");
}

/** The message in a line, or what is wrong with it. */
export function readFromMachine(line: string): { readonly value: FromMachine } | string {
  return readShaped<FromMachine>(line, fromMachine, "a message");
}
