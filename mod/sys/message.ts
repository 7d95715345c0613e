/**
 * Messages with control data (sendmsg(2), recvmsg(2)): descriptors (SCM_RIGHTS of unix(7)), and the type
 * of a TLS record.
 */
import { Errno } from "./errno.ts";
import { errno, libc } from "./libc.ts";
import { libcProcess } from "./libc_process.ts";
import { MSG, SOL, TLS } from "./sockaddr.ts";

/** SCM_MAX_FD of the kernel: more in one message fail with EINVAL. */
export const descriptorsMax = 253;

/** SCM_RIGHTS, the type of a control message. */
const rights = 1;
/** MSG_CMSG_CLOEXEC and MSG_CTRUNC of recvmsg(2). */
const cmsgCloexec = 0x40000000;
const controlTruncated = 0x8;
/** sizeof(struct msghdr) and sizeof(struct cmsghdr) where a pointer has 8 bytes. */
const messageBytes = 56;
const headerBytes = 16;
const controlBytes = headerBytes + 4 * descriptorsMax + 4;

/** The struct msghdr of one buffer, with its iovec and control buffer. Keep it while C reads it. */
class Message {
  readonly header = new Uint8Array(messageBytes);
  readonly control: Uint8Array<ArrayBuffer>;
  readonly #view = new DataView(this.header.buffer);
  readonly #vector = new BigUint64Array(2);

  constructor(bytes: Uint8Array<ArrayBuffer>, controlLength: number) {
    this.control = new Uint8Array(controlLength);
    this.#vector[0] = addressOf(bytes);
    this.#vector[1] = BigInt(bytes.length);
    // msg_name and msg_namelen stay 0.
    this.#view.setBigUint64(16, addressOf(this.#vector), true);
    this.#view.setBigUint64(24, 1n, true);
    if (controlLength === 0) return;
    this.#view.setBigUint64(32, addressOf(this.control), true);
    this.#view.setBigUint64(40, BigInt(controlLength), true);
  }

  /** One control message, for which there is room. */
  setControl(level: number, type: number, data: Uint8Array): void {
    const view = new DataView(this.control.buffer);
    view.setBigUint64(0, BigInt(headerBytes + data.length), true);
    view.setInt32(8, level, true);
    view.setInt32(12, type, true);
    this.control.set(data, headerBytes);
  }

  get controlLength(): number {
    return Number(this.#view.getBigUint64(40, true));
  }

  get flags(): number {
    return this.#view.getInt32(48, true);
  }
}

/** CMSG_SPACE: the data is padded to a multiple of 8. */
function controlSpace(dataBytes: number): number {
  return headerBytes + Math.ceil(dataBytes / 8) * 8;
}

/**
 * Sends `bytes`, the descriptors with the first of them. Returns the number of bytes taken, or -errno.
 * `flags`: MSG.dontwait, or 0.
 */
export function sendWithDescriptors(
  socket: number,
  bytes: Uint8Array<ArrayBuffer>,
  descriptors: readonly number[],
  flags = 0,
): number {
  const data = new Uint8Array(Int32Array.from(descriptors).buffer);
  const message = new Message(bytes, data.length === 0 ? 0 : controlSpace(data.length));
  if (data.length > 0) message.setControl(SOL.socket, rights, data);
  const sent = libcProcess.sendmsg(socket, message.header, MSG.nosignal | flags);
  return sent < 0 ? -errno() : sent;
}

/**
 * Sends one record of `type` on a socket whose kernel encrypts (TLS_SET_RECORD_TYPE of linux/tls.h), and
 * before it what a record of data still waits for. Returns the number of bytes taken, all or none, or
 * -errno.
 */
export function sendTlsRecord(
  socket: number,
  type: number,
  bytes: Uint8Array<ArrayBuffer>,
): number {
  const message = new Message(bytes, controlSpace(1));
  message.setControl(SOL.tls, TLS.setRecordType, Uint8Array.of(type));
  const sent = libcProcess.sendmsg(socket, message.header, MSG.nosignal | MSG.dontwait);
  return sent < 0 ? -errno() : sent;
}

/** What one recvmsg(2) has returned. */
export interface Received {
  /** 0: the other side has closed; below 0: -errno. */
  readonly count: number;
  /** Ours from now on, closed on exec. */
  readonly descriptors: readonly number[];
}

/**
 * Receives bytes into `bytes`, and descriptors. Does not block beyond what the socket and `flags` say:
 * MSG.dontwait, or 0.
 */
export function receiveWithDescriptors(
  socket: number,
  bytes: Uint8Array<ArrayBuffer>,
  flags = 0,
): Received {
  const message = new Message(bytes, controlBytes);
  const count = libcProcess.recvmsg(socket, message.header, cmsgCloexec | flags);
  if (count < 0) return { count: -errno(), descriptors: [] };
  const view = new DataView(message.control.buffer, 0, message.controlLength);
  const descriptors: number[] = [];
  for (let at = 0; at + headerBytes <= view.byteLength;) {
    const length = Number(view.getBigUint64(at, true));
    if (length < headerBytes) break;
    const isRights = view.getInt32(at + 8, true) === SOL.socket &&
      view.getInt32(at + 12, true) === rights;
    for (let data = at + headerBytes; isRights && data + 4 <= at + length; data += 4) {
      descriptors.push(view.getInt32(data, true));
    }
    at += Math.ceil(length / 8) * 8;
  }
  // Some are lost for want of descriptors: the rest are of no use.
  if ((message.flags & controlTruncated) === 0) return { count, descriptors };
  for (const fd of descriptors) libc.close(fd);
  return { count: -Errno.EMFILE, descriptors: [] };
}

function addressOf(buffer: Uint8Array<ArrayBuffer> | BigUint64Array<ArrayBuffer>): bigint {
  return BigInt(Deno.UnsafePointer.value(Deno.UnsafePointer.of(buffer)));
}
