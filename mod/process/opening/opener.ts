/**
 * The root parent's side: opens for a process without root what that may not open itself.
 *
 * The child, which is born as root and has read nothing of a stranger yet, grants what its
 * configuration names, and seals that before it gives up root. From then on a request is compared
 * with the grants: a worker that a stranger has taken over cannot ask for /etc/shadow. Nor can it put
 * a link to it in the place of a log: see safe_path.ts.
 */
import { StartError, systemReason } from "../../base/errors.ts";
import { readShaped } from "../../base/shape.ts";
import { Errno } from "../../sys/errno.ts";
import { libc } from "../../sys/libc.ts";
import { libcProcess } from "../../sys/libc_process.ts";
import { receiveWithDescriptors, sendWithDescriptors } from "../../sys/message.ts";
import { AF, MSG, SOCK } from "../../sys/sockaddr.ts";
import { descriptorWatch } from "../descriptor_watch.ts";
import { keepFromChildren } from "../handover/inherited.ts";
import { spawnLogCommand } from "../children/spawn_log_command.ts";
import { type Grant, grantOf } from "../privileges/grants.ts";
import { type ActionRequest, type ActionResult, OpenerActions } from "./actions.ts";
import type { OpenerHost } from "./host.ts";
import {
  type OpenerAnswer,
  type OpenerRequest,
  openerVersion,
  packetBytesMax,
  requestShape,
} from "../privileges/opener_messages.ts";
import type { UserIds } from "../privileges/safe_path.ts";

/** What an opener has granted; it outlives the program that made it (USR2). */
export interface OpenerState {
  readonly fd: number;
  readonly grants: readonly Grant[];
  /** null: not sealed yet. */
  readonly user: UserIds | null;
}

/** Handled in one turn, so that other work of the parent goes on. */
const requestsEachTurn = 32;
/** More than the configuration of thousands of hosts. */
const grantsMax = 200_000;

export class Opener {
  readonly #fd: number;
  readonly #host: OpenerHost;
  readonly #grants: Set<Grant>;
  #user: UserIds | null = null;
  /** null until the seal. */
  #actions: OpenerActions | null = null;
  #isOpen = true;
  #runningCount = 0;
  /** Called once, when the last process of the generation has ended. */
  onEnd: () => void = () => {};

  /** Takes `state.fd` over, our end of the socket. */
  constructor(state: OpenerState, host: OpenerHost) {
    this.#fd = state.fd;
    this.#host = host;
    this.#grants = new Set(state.grants);
    if (state.user !== null) this.#seal(state.user);
    keepFromChildren(this.#fd);
    descriptorWatch.watch(this.#fd, () => this.#receive());
  }

  /** A new one, and the child's end of its socket, which is the caller's to close. */
  static pair(host: OpenerHost): { readonly opener: Opener; readonly theirs: number } {
    const pair = new Int32Array(2);
    if (libcProcess.socketpair(AF.unix, SOCK.seqpacket | SOCK.cloexec, 0, pair) !== 0) {
      throw new StartError("cannot create a socket pair: too many open files?");
    }
    return { opener: new Opener({ fd: pair[0], grants: [], user: null }, host), theirs: pair[1] };
  }

  get state(): OpenerState {
    return { fd: this.#fd, grants: [...this.#grants], user: this.#user };
  }

  close(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    descriptorWatch.forget(this.#fd);
    libc.close(this.#fd);
    this.onEnd();
  }

  #receive(): void {
    const bytes = new Uint8Array(packetBytesMax + 1);
    for (let count = 0; count < requestsEachTurn && this.#isOpen; count++) {
      const received = receiveWithDescriptors(this.#fd, bytes, MSG.dontwait);
      if (received.count < 0) return;
      if (received.count === 0 && isAtEnd(this.#fd)) return this.close();
      this.#handle(bytes.subarray(0, received.count), received.descriptors);
    }
  }

  #handle(bytes: Uint8Array, descriptors: readonly number[]): void {
    const [reply, ...others] = descriptors;
    if (reply === undefined) return;
    const close = () => {
      for (const fd of descriptors) libc.close(fd);
    };
    const request = readRequest(bytes);
    if (typeof request === "string") {
      answer(reply, { fault: "other", text: request });
      return close();
    }
    if (request.op === "refresh") {
      void this.#refresh().then((result) => answer(reply, result)).finally(close);
      return;
    }
    if (request.op === "run") {
      const result = this.#run(request.command, others[0], (how) => {
        answer(reply, { fault: null, text: how });
        close();
      });
      answer(reply, result);
      if (result.fault !== null) close();
      return;
    }
    const { fd, ...result } = this.#perform(request, others[0]);
    answer(reply, result, fd);
    if (fd !== undefined) libc.close(fd);
    close();
  }

  #perform(
    request: ActionRequest | OpenerRequest & { op: "grant" | "seal" },
    descriptor: number | undefined,
  ): ActionResult {
    if (request.op === "grant" || request.op === "seal") return this.#grant(request);
    if (this.#actions === null) return denied("it is not sealed yet");
    try {
      return this.#actions.perform(request, descriptor);
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) return { fault: "missing", text: "no such file" };
      // A file system's errors are the request's; others are ours.
      if (error instanceof TypeError || error instanceof RangeError) throw error;
      return { fault: "other", text: systemReason(error) };
    }
  }

  #grant(request: OpenerRequest & { op: "grant" | "seal" }): OpenerAnswer {
    if (this.#user !== null) return denied("it is sealed");
    if (request.op === "seal") this.#seal({ uid: request.uid, gids: request.gids });
    else if (this.#grants.size + request.grants.length > grantsMax) return denied("too much");
    else for (const grant of request.grants) this.#grants.add(grant);
    return { fault: null, text: "" };
  }

  #seal(user: UserIds): void {
    this.#user = user;
    this.#actions = new OpenerActions(this.#grants, user, this.#host);
  }

  #run(
    command: string,
    input: number | undefined,
    onEnd: (how: string) => void,
  ): OpenerAnswer {
    const isGranted = this.#user !== null && this.#grants.has(grantOf("run", command));
    if (!isGranted) return denied("the configuration does not name it");
    if (input === undefined) return { fault: "other", text: "the input is missing" };
    if (this.#runningCount >= runningMax) return { fault: "other", text: "too many log commands" };
    const outcome = spawnLogCommand(command, input);
    if (typeof outcome === "string") return { fault: "other", text: outcome };
    this.#runningCount++;
    void outcome.then((how) => {
      this.#runningCount--;
      onEnd(how);
    });
    return { fault: null, text: "" };
  }

  async #refresh(): Promise<OpenerAnswer> {
    const { refresh } = this.#host;
    if (refresh === undefined || this.#user === null) return denied("this parent reads none");
    const grants = await refresh();
    // What is in force keeps its grants: its logs may be opened again.
    for (const grant of grants) if (this.#grants.size < grantsMax) this.#grants.add(grant);
    return { fault: null, text: "" };
  }
}

/** A packet may be empty, and is read as the end is: only the end is a hang-up, too (poll(2)). */
function isAtEnd(fd: number): boolean {
  const entry = new Int32Array([fd, 0]);
  libcProcess.poll(new Uint8Array(entry.buffer), 1n, 0);
  return (entry[1] >> 16 & pollHangUp) !== 0;
}

const pollHangUp = 0x10;

/** Each worker has those of its own. */
const runningMax = 2048;

function denied(text: string): OpenerAnswer {
  return { fault: "denied", text };
}

function readRequest(bytes: Uint8Array): OpenerRequest | string {
  if (bytes.length > packetBytesMax) return "the request is too long";
  const read = readShaped<OpenerRequest>(new TextDecoder().decode(bytes), requestShape, "it");
  return typeof read === "string" ? `version ${openerVersion} is expected: ${read}` : read.value;
}

/** The other end may be full, gone, or no socket at all: that is its own loss. */
function answer(reply: number, result: OpenerAnswer, fd?: number): void {
  const bytes = new TextEncoder().encode(JSON.stringify(result));
  const sent = sendWithDescriptors(reply, bytes, fd === undefined ? [] : [fd], MSG.dontwait);
  if (sent === -Errno.EBADF) throw new RangeError(`Cannot answer on descriptor ${reply}`);
}
