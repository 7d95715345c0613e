/** The new supervisor's side: gets the sockets of the running one, and tells it to drain. */
import { StartError, systemReason } from "../../base/errors.ts";
import { dirname } from "../../std/path.ts";
import { version } from "../../base/version.ts";
import { closeAll, localAddressOf } from "../../net/descriptor.ts";
import { isListening } from "../../net/listening.ts";
import { formatAddress } from "../../base/address.ts";
import {
  connectDescriptorStream,
  type DescriptorStream,
} from "../../process/handover/descriptor_stream.ts";
import { Errno, errnoPhrase } from "../../sys/errno.ts";
import type { ListenSpec } from "../../config/listen_spec.ts";
import { socketKey } from "../sockets/socket_key.ts";
import { type Identity, type Offer, protocolVersion, readAnswer, serving } from "./protocol.ts";

/** The running supervisor answers from its event loop, which a busy machine may delay. */
const answerMs = 10_000;

/**
 * Asks the supervisor at `path` for its sockets; null: none is there, so this is an ordinary start.
 * Throws `StartError` when it refuses, or is not one of this user.
 */
export function takeOver(path: string, identity: Identity): Taken | null {
  checkPlace(path);
  const stream = connect(path);
  if (stream === null) return null;
  const { container, createdMs } = identity;
  stream.send({ takeOver: protocolVersion, version, container, createdMs });
  const line = stream.receive(answerMs);
  const answer = line === null ? null : readAnswer(line.text);
  if (answer !== null && "takeOver" in answer) {
    return new Taken(path, stream, answer, line!.descriptors);
  }
  closeAll(line?.descriptors ?? []);
  stream.close();
  const why = answer === null
    ? "the process there does not answer as a supervisor"
    : answer.refused;
  throw new StartError(`cannot take over at ${path}: ${why}`, 1);
}

/** What is no socket is somebody's file. */
function checkPlace(path: string): void {
  try {
    if (Deno.lstatSync(path).isSocket) return;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return checkFolder(path);
    throw new StartError(`--take-over ${path}: ${systemReason(error)}`);
  }
  throw new StartError(`--take-over ${path}: exists and is not a socket`, 17);
}

function checkFolder(path: string): void {
  try {
    if (Deno.statSync(dirname(path)).isDirectory) return;
  } catch (error) {
    throw new StartError(`--take-over ${path}: its folder: ${systemReason(error)}`);
  }
  throw new StartError(`--take-over ${path}: ${dirname(path)} is not a folder`);
}

function connect(path: string): DescriptorStream | null {
  const stream = connectDescriptorStream(path);
  if (stream === Errno.ENOENT || stream === Errno.ECONNREFUSED) return null;
  if (typeof stream === "number") {
    throw new StartError(`cannot take over at ${path}: ${errnoPhrase(stream)}`, 1);
  }
  const { peerUid } = stream;
  if (peerUid === Deno.uid() || peerUid === 0) return stream;
  stream.close();
  throw new StartError(
    `cannot take over at ${path}: the process there runs as user ${peerUid}, this one as ${Deno.uid()}`,
    1,
  );
}

/** What happens to the running supervisor after it has offered its sockets. */
export interface TakenEvents {
  /** It has begun to drain; its workers still answer what they have accepted. */
  onDraining(): void;
  /** It has ended. `wasDraining`: as it should; else its workers may still hold the sockets. */
  onEnd(wasDraining: boolean): void;
}

export class Taken {
  readonly #unclaimed = new Map<string, readonly number[]>();
  #isDraining = false;

  /** Takes over `descriptors`. Throws `StartError` when they are not what the offer says. */
  constructor(
    readonly path: string,
    readonly stream: DescriptorStream,
    readonly offer: Offer,
    descriptors: readonly number[],
  ) {
    let at = 0;
    for (const socket of offer.sockets) {
      const end = at + socket.descriptorCount;
      this.#unclaimed.set(socketKey(socket), descriptors.slice(at, end));
      at = end;
    }
    if (at === descriptors.length) return;
    closeAll(descriptors);
    stream.close();
    throw new StartError(`cannot take over at ${path}: the offer is not complete`, 1);
  }

  /** The `count` descriptors of `spec`; empty if the running supervisor does not listen there. */
  claim(spec: ListenSpec, count: number): readonly number[] {
    const key = socketKey(spec);
    const found = this.#unclaimed.get(key);
    if (found === undefined) return [];
    if (found.length !== count) {
      throw new StartError(
        `cannot take over ${spec.name} at ${this.path}: the running supervisor has ${found.length} ` +
          `sockets for it, ${count} are asked for; --workers and --reuse-port must be the same`,
        1,
      );
    }
    for (const fd of found) {
      const isRight = spec.datagram || isListening(fd);
      if (isRight && (spec.address.kind === "unix" || isAt(fd, spec))) continue;
      throw new StartError(
        `cannot take over ${spec.name} at ${this.path}: it is another socket`,
        1,
      );
    }
    this.#unclaimed.delete(key);
    return found;
  }

  /** Closes what nobody has claimed: PORTS has changed. */
  closeRest(): void {
    for (const fds of this.#unclaimed.values()) closeAll(fds);
    this.#unclaimed.clear();
  }

  watch(events: TakenEvents): void {
    this.stream.watch(() => {
      const line = this.stream.receive(answerMs);
      if (line !== null) {
        this.#isDraining = true;
        return events.onDraining();
      }
      this.stream.close();
      events.onEnd(this.#isDraining);
    });
  }

  /** Tells the running supervisor to drain. */
  serves(): void {
    this.stream.send(serving);
  }
}

/** A name of the host may have another address by now; port and family must be right. */
function isAt(fd: number, { address }: ListenSpec): boolean {
  const local = localAddressOf(fd);
  if (address.kind === "unix" || local.kind === "unix") return false;
  return formatAddress(local) === formatAddress(address) ||
    (local.port === address.port && !/^[\d.:a-f]+$/i.test(address.host));
}
