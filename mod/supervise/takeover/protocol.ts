/**
 * What two supervisors say to each other when one takes over from the other. Pure.
 *
 * new: Hello. running: Refusal, or Offer with the listening sockets. new, once its first generation
 * serves: Serving. running: Draining; then it ends its workers and itself. Until Serving, the end of
 * either side changes nothing for the other.
 */
import {
  count,
  flag,
  list,
  nullable,
  readShaped,
  record,
  type Shape,
  text,
} from "../../base/shape.ts";

/** Changes when a message changes its meaning. */
export const protocolVersion = 1;

export interface Hello {
  readonly takeOver: number;
  readonly version: string;
  /** See `Identity`. */
  readonly container: string | null;
  readonly createdMs: number;
}

/** One socket of an offer; its descriptors follow those of the sockets before it. */
export interface OfferedSocket {
  /** As in SERVER_STARTER_PORT. */
  readonly name: string;
  readonly datagram: boolean;
  /** Several with --reuse-port and --workers. */
  readonly descriptorCount: number;
}

export interface Offer {
  readonly takeOver: number;
  readonly version: string;
  readonly pid: number;
  readonly sockets: readonly OfferedSocket[];
  /** Of the session tickets; null without TLS. */
  readonly ticketSeed: string | null;
  /** The self-signed pair in PEM; null if there is none. */
  readonly selfSigned: string | null;
  /** The containers that may not take over any more: this one, and those that it took over from. */
  readonly formerContainers: readonly string[];
}

export interface Refusal {
  readonly refused: string;
}

export const serving = { serving: true } as const;
export const draining = { draining: true } as const;

const helloShape = record<Hello>({
  takeOver: count,
  version: text,
  container: nullable(text),
  createdMs: count,
});

const offerShape = record<Offer>({
  takeOver: count,
  version: text,
  pid: count,
  sockets: list(record<OfferedSocket>({ name: text, datagram: flag, descriptorCount: count })),
  ticketSeed: nullable(text),
  selfSigned: nullable(text),
  formerContainers: list(text),
});

const refusalShape = record<Refusal>({ refused: text });

/** A message of this shape, or null. */
function read<T>(line: string, shape: Shape): T | null {
  const read = readShaped<T>(line, shape, "it");
  return typeof read === "string" ? null : read.value;
}

export const readHello = (line: string): Hello | null => read<Hello>(line, helloShape);

/** The answer to a hello; null: something else is at the path. */
export function readAnswer(line: string): Offer | Refusal | null {
  return read<Offer>(line, offerShape) ?? read<Refusal>(line, refusalShape);
}

export function isServing(line: string): boolean {
  return line === JSON.stringify(serving);
}

/** Which container a supervisor runs in, and since when that exists. */
export interface Identity {
  /** null: in none. */
  readonly container: string | null;
  /** Milliseconds since 1970 when the container was created; 0: unknown. A restart keeps it. */
  readonly createdMs: number;
}

/**
 * Why the supervisor that says `hello` must not take over from `own`; null: it may. Engines start a
 * container again that has ended (`--restart always`): without this rule two containers would replace
 * each other for ever.
 */
export function refusalOf(
  hello: Hello,
  own: Identity,
  formerContainers: readonly string[],
): string | null {
  if (hello.takeOver !== protocolVersion) {
    return `hayate ${hello.version} speaks version ${hello.takeOver} of the protocol, the running ` +
      `supervisor version ${protocolVersion}`;
  }
  const { container, createdMs } = hello;
  if (container !== null && formerContainers.includes(container)) {
    return `the running supervisor has taken over from container ${container} already`;
  }
  if (container !== null && own.container !== null && createdMs > 0 && createdMs < own.createdMs) {
    return `container ${container} is older than container ${own.container}, which serves`;
  }
  return null;
}
