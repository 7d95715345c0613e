/**
 * What is said through a relay: lines of JSON between the coordinator and the relay, which carry the
 * lines of `messages.ts` between the coordinator and the tasks of a Swarm; and how a task finds the
 * relay and greets it.
 */
import {
  count,
  matching,
  oneOf,
  readShaped,
  record,
  type Shape,
  tagged,
  text,
  whole,
} from "../../../base/shape.ts";

/** The name in the relay's certificate, which tasks ask for whatever its address is. */
export const relayName = "relay.hayate";

/** A greeting is shorter. */
export const greetingBytesMax = 4096;

/** From the coordinator to the relay. */
export type ToRelay =
  /** The first one: let in who knows the token, `tasksMax` at most. */
  | { readonly kind: "open"; readonly token: string; readonly tasksMax: number }
  | { readonly kind: "alive" }
  /** A line for a task; `taken` answers it. */
  | { readonly kind: "line"; readonly task: number; readonly line: string }
  /** Close the connection of the task once it has all lines. */
  | { readonly kind: "drop"; readonly task: number };

/** From the relay to the coordinator. */
export type FromRelay =
  | {
    readonly kind: "listening";
    readonly dialect: string;
    readonly port: number;
    /** PEM, self-signed, for `relayName`. */
    readonly certificate: string;
  }
  /** `task` names the connection from now on. */
  | { readonly kind: "came"; readonly task: number; readonly who: TaskWords }
  | { readonly kind: "line"; readonly task: number; readonly line: string }
  /** The oldest line for the task that was not taken yet is on its way. */
  | { readonly kind: "taken"; readonly task: number }
  | { readonly kind: "gone"; readonly task: number; readonly reason: string };

/** What the engine has told a task of itself. */
export interface TaskWords {
  readonly id: string;
  readonly slot: string;
  readonly node: string;
}

/** A task's first line to the relay. */
export interface Greeting {
  readonly token: string;
  readonly who: TaskWords;
}

/** Where the relay is, and how it is known; the certificate follows in the file. */
export interface RelayPlace {
  readonly host: string;
  readonly port: number;
  readonly token: string;
}

type Of<Message, Kind> = Extract<Message, { readonly kind: Kind }>;

const port = whole(1, 65_535);
const shortText = matching(
  "a string of up to 200 characters",
  (value) => typeof value === "string" && value.length <= 200,
);
const who = record<TaskWords>({ id: shortText, slot: shortText, node: shortText });
const line = record<Of<ToRelay, "line">>({ kind: text, task: count, line: text });

const toRelay = tagged("kind", {
  open: record<Of<ToRelay, "open">>({ kind: text, token: text, tasksMax: count }),
  alive: record<Of<ToRelay, "alive">>({ kind: oneOf("alive") }),
  line,
  drop: record<Of<ToRelay, "drop">>({ kind: text, task: count }),
});

const fromRelay = tagged("kind", {
  listening: record<Of<FromRelay, "listening">>({
    kind: text,
    dialect: text,
    port,
    certificate: text,
  }),
  came: record<Of<FromRelay, "came">>({ kind: text, task: count, who }),
  line,
  taken: record<Of<FromRelay, "taken">>({ kind: text, task: count }),
  gone: record<Of<FromRelay, "gone">>({ kind: text, task: count, reason: text }),
});

const greeting: Shape = record<Greeting>({ token: text, who });
const place: Shape = record<RelayPlace>({ host: text, port, token: text });

/** The message in a line, or what is wrong with it. */
export function readToRelay(line: string): { readonly value: ToRelay } | string {
  return readShaped<ToRelay>(line, toRelay, "a message");
}

/** The message in a line, or what is wrong with it. */
export function readFromRelay(line: string): { readonly value: FromRelay } | string {
  return readShaped<FromRelay>(line, fromRelay, "a message");
}

/** The greeting in a line, or what is wrong with it. */
export function readGreeting(line: string): { readonly value: Greeting } | string {
  return readShaped<Greeting>(line, greeting, "a greeting");
}

/** The file that tells tasks of the relay: a line of JSON, then the certificate in PEM. */
export function relayFileText(place: RelayPlace, certificate: string): string {
  return `${JSON.stringify(place)}\n${certificate}`;
}

/** The place in the file's text, or what is wrong with it. */
export function readRelayFile(text: string): { readonly value: RelayPlace } | string {
  return readShaped<RelayPlace>(text.split("\n", 1)[0], place, "the relay's place");
}
