/** The side of a process without root: asks its root parent, and waits for the answer. */
import { StartError } from "../../base/errors.ts";
import { readShaped } from "../../base/shape.ts";
import { F, fdCloexec } from "../../sys/descriptor_flags.ts";
import { Errno } from "../../sys/errno.ts";
import { libc } from "../../sys/libc.ts";
import { libcProcess } from "../../sys/libc_process.ts";
import { receiveWithDescriptors, sendWithDescriptors } from "../../sys/message.ts";
import { AF, MSG, SOCK } from "../../sys/sockaddr.ts";
import { descriptorWatch } from "../descriptor_watch.ts";
import { dropVariable, getVariable, type Variables } from "../environment.ts";
import type { Grant } from "./grants.ts";
import {
  answerShape,
  type OpenerAnswer,
  type OpenerRequest,
  openerVariable,
  openerVersion,
  packetBytesMax,
  splitForPackets,
} from "./opener_messages.ts";
import type { RunAs } from "./run_as.ts";

/** A parent that works on another request for longer has gone wrong. */
const answerMs = 10_000;
const pollIn = 1;

/** An answer whose socket stays open: for a second answer. */
export interface OpenAnswer extends OpenerAnswer {
  readonly replyFd: number;
}

export class ParentOpener {
  /** True: the parent does nothing else, and reads the configuration again (`refresh`). */
  readonly isKeeper: boolean;
  readonly #fd: number;

  constructor(fd: number, isKeeper: boolean) {
    this.#fd = fd;
    this.isKeeper = isKeeper;
    libc.fcntl(fd, F.setfd, fdCloexec);
  }

  /** For the start of a worker, which asks the same parent. */
  get descriptor(): number {
    return this.#fd;
  }

  /** The value of `openerVariable` for a child that has the socket as `number`. */
  variableFor(number: number): string {
    return openerText(number, this.isKeeper);
  }

  /** Says what may be asked for, once and for all. Call it as root. Throws `StartError`. */
  seal(grants: readonly Grant[], { uid, gid, groups }: RunAs): void {
    for (const some of splitForPackets(grants)) this.#demand({ op: "grant", grants: some });
    this.#demand({ op: "seal", uid, gids: [...new Set([gid, ...groups])] });
  }

  /** Waits for the answer. A descriptor that comes with it is the caller's to close. */
  ask(request: OpenerRequest): OpenerAnswer & { readonly fd: number | null } {
    const { replyFd, fd, ...answer } = this.#exchange(request, []);
    if (replyFd >= 0) libc.close(replyFd);
    return { ...answer, fd };
  }

  /** As `ask`, with a descriptor of ours, and with more answers to come at `replyFd`. */
  askOn(request: OpenerRequest, descriptor: number): OpenAnswer {
    const { fd, ...answer } = this.#exchange(request, [descriptor]);
    if (fd !== null) libc.close(fd);
    return answer;
  }

  /** As `ask`, without a descriptor, while other work goes on. */
  async askLater(request: OpenerRequest): Promise<OpenerAnswer> {
    const replyFd = this.#send(request, []);
    if (replyFd < 0) return failed;
    return await nextAnswer(replyFd);
  }

  #demand(request: OpenerRequest): void {
    const { fault, text } = this.ask(request);
    if (fault !== null) throw new StartError(`the root parent refuses to open files: ${text}`);
  }

  #exchange(
    request: OpenerRequest,
    descriptors: readonly number[],
  ): OpenAnswer & { readonly fd: number | null } {
    const replyFd = this.#send(request, descriptors);
    const packet = replyFd < 0 ? null : receive(replyFd);
    if (packet !== null) return { ...readAnswer(packet.text), replyFd, fd: packet.fd };
    if (replyFd >= 0) libc.close(replyFd);
    return { ...failed, replyFd: -1, fd: null };
  }

  /** Returns our end of a new socket for the answer; -1: there is none. */
  #send(request: OpenerRequest, descriptors: readonly number[]): number {
    const pair = new Int32Array(2);
    if (libcProcess.socketpair(AF.unix, SOCK.seqpacket | SOCK.cloexec, 0, pair) !== 0) return -1;
    const [ours, theirs] = pair;
    const bytes = new TextEncoder().encode(JSON.stringify({ version: openerVersion, ...request }));
    const sent = sendWithDescriptors(this.#fd, bytes, [theirs, ...descriptors]);
    libc.close(theirs);
    if (sent >= 0) return ours;
    libc.close(ours);
    return -1;
  }
}

const failed: OpenerAnswer = { fault: "other", text: "the root parent does not answer" };

function readAnswer(text: string): OpenerAnswer {
  const read = readShaped<OpenerAnswer>(text, answerShape, "the answer of the root parent");
  return typeof read === "string" ? { fault: "other", text: read } : read.value;
}

/** The next answer at a reply socket, which is then closed. Other work goes on meanwhile. */
export function nextAnswer(replyFd: number): Promise<OpenerAnswer> {
  return new Promise((resolve) => {
    descriptorWatch.watch(replyFd, () => {
      const packet = take(replyFd);
      // The event was one of a descriptor that had this number before.
      if (packet === "nothing yet") return;
      descriptorWatch.forget(replyFd);
      libc.close(replyFd);
      resolve(packet === null ? failed : readAnswer(packet.text));
    });
  });
}

interface Packet {
  readonly text: string;
  readonly fd: number | null;
}

/** Waits for the packet at a reply socket; null: none came in time, or the parent has ended. */
function receive(replyFd: number): Packet | null {
  const entry = new Int32Array([replyFd, pollIn]);
  if (libcProcess.poll(new Uint8Array(entry.buffer), 1n, answerMs) <= 0) return null;
  const packet = take(replyFd);
  return packet === "nothing yet" ? null : packet;
}

/** null: the parent has ended. */
function take(replyFd: number): Packet | "nothing yet" | null {
  const bytes = new Uint8Array(packetBytesMax);
  const { count, descriptors } = receiveWithDescriptors(replyFd, bytes, MSG.dontwait);
  if (count === -Errno.EAGAIN) return "nothing yet";
  if (count <= 0) return null;
  const [fd = null, ...rest] = descriptors;
  for (const other of rest) libc.close(other);
  return { text: new TextDecoder().decode(bytes.subarray(0, count)), fd };
}

/** What a worker needs to ask the same parent as this process, with the socket as `number`. */
export function passOpener(
  number: number,
): {
  readonly descriptors: readonly { ours: number; number: number }[];
  readonly variables: Variables;
} {
  const opener = parentOpener();
  if (opener === null) return { descriptors: [], variables: {} };
  return {
    descriptors: [{ ours: opener.descriptor, number }],
    variables: { [openerVariable]: opener.variableFor(number) },
  };
}

/** The value of `openerVariable`. */
export function openerText(number: number, isKeeper: boolean): string {
  return `${number}${isKeeper ? keeperMark : ""}`;
}

const keeperMark = ":keeper";
let claimed: ParentOpener | null | undefined;

/**
 * The root parent that opens files for this process; null: there is none. The first call removes the
 * variable from the environment.
 */
export function parentOpener(): ParentOpener | null {
  if (claimed !== undefined) return claimed;
  const text = getVariable(openerVariable) ?? "";
  dropVariable(openerVariable);
  const match = /^(\d{1,9})(:keeper)?$/.exec(text);
  return claimed = match === null || Number(match[1]) < 3
    ? null
    : new ParentOpener(Number(match[1]), match[2] !== undefined);
}
