/** Sockets for DNS queries: one datagram and its response, or one query over TCP (RFC 7766). */
import { formatAddress } from "../../base/address.ts";
import { PeerError } from "../../base/errors.ts";
import { formatIp, parseIp } from "../../base/ip.ts";
import type { DnsTransport } from "./dns_client.ts";
import type { DnsServer } from "./host_files.ts";
import { peerError } from "../deno_errors.ts";

/** Larger than any datagram that we announce to accept. */
const datagramBytes = 4096;

export const dnsSockets: DnsTransport = { datagram, stream };

/**
 * Sends `query` and resolves to the server's first datagram that `isAnswer` accepts. Each query
 * uses a new socket with a random port chosen by the kernel, which a forger would have to guess
 * (RFC 5452).
 */
async function datagram(
  server: DnsServer,
  query: Uint8Array,
  timeoutMs: number,
  isAnswer: (bytes: Uint8Array) => boolean,
): Promise<Uint8Array | PeerError> {
  const wanted = parseIp(server.host)!;
  let socket: Deno.DatagramConn | null = null;
  const closing = deadline(timeoutMs, () => socket?.close());
  try {
    socket = Deno.listenDatagram({
      transport: "udp",
      hostname: wanted.length === 4 ? "0.0.0.0" : "::",
      port: 0,
    });
    await socket.send(query, { transport: "udp", hostname: server.host, port: server.port });
    const host = formatIp(wanted);
    for (;;) {
      const [bytes, from] = await socket.receive(new Uint8Array(datagramBytes));
      const sender = from as Deno.NetAddr;
      const isServer = sender.port === server.port && canonical(sender.hostname) === host;
      if (isServer && isAnswer(bytes)) return bytes;
    }
  } catch (error) {
    return closing.isOver ? silent(server) : peerError(error, "upstream", true);
  } finally {
    if (!closing.isOver) socket?.close();
    closing.cancel();
  }
}

/** Queries over TCP, where responses have no size limit. */
async function stream(
  server: DnsServer,
  query: Uint8Array,
  timeoutMs: number,
): Promise<Uint8Array | PeerError> {
  const connecting = new AbortController();
  let conn: Deno.TcpConn | null = null;
  const closing = deadline(timeoutMs, () => {
    connecting.abort();
    conn?.close();
  });
  try {
    const { signal } = connecting;
    conn = await Deno.connect({ hostname: server.host, port: server.port, signal });
    const framed = new Uint8Array(2 + query.length);
    new DataView(framed.buffer).setUint16(0, query.length);
    framed.set(query, 2);
    for (let at = 0; at < framed.length;) at += await conn.write(framed.subarray(at));
    const head = await readExactly(conn, 2);
    if (head === null) return cut(server);
    return await readExactly(conn, head[0] << 8 | head[1]) ?? cut(server);
  } catch (error) {
    return closing.isOver ? silent(server) : peerError(error, "upstream", true);
  } finally {
    if (!closing.isOver) conn?.close();
    closing.cancel();
  }
}

/** Reads `length` bytes; null if the server closes before that. */
async function readExactly(conn: Deno.Conn, length: number): Promise<Uint8Array | null> {
  const bytes = new Uint8Array(length);
  for (let at = 0; at < length;) {
    const count = await conn.read(bytes.subarray(at));
    if (count === null) return null;
    at += count;
  }
  return bytes;
}

function deadline(timeoutMs: number, onOver: () => void) {
  const state = { isOver: false, cancel: () => clearTimeout(timer) };
  const timer = setTimeout(() => {
    state.isOver = true;
    onOver();
  }, timeoutMs);
  return state;
}

function silent(server: DnsServer): PeerError {
  return new PeerError("ETIMEDOUT", "upstream", `no response from ${nameOf(server)}`, true);
}

function cut(server: DnsServer): PeerError {
  return new PeerError(
    "EEOF",
    "upstream",
    `${nameOf(server)} closed the connection before its response`,
    true,
  );
}

function nameOf({ host, port }: DnsServer): string {
  return formatAddress({ kind: "tcp", host, port });
}

function canonical(host: string): string {
  const bytes = parseIp(host);
  return bytes === null ? host : formatIp(bytes);
}
