/** Raw HTTP/2 connections to a server of the bench: frames go in, and nobody looks at the answers. */
import { bytes, frame, preface, settings, Type } from "../../../tests/vectors/http2/wire.ts";

/** Where to connect to; `certificate`: the PEM text of a TLS listener. */
export interface Door {
  readonly port: number;
  readonly certificate: string | null;
}

/** SETTINGS_INITIAL_WINDOW_SIZE (RFC 9113, section 6.5.2). */
export const initialWindow = 4;
const settingsAck = frame(Type.settings, 1, 0);

/** A connection that has sent the preface, SETTINGS with `pairs`, and `first`. */
export async function openHttp2(
  { port, certificate }: Door,
  pairs: readonly (readonly [id: number, value: number])[],
  first: Uint8Array,
): Promise<Deno.Conn> {
  const to = { hostname: "127.0.0.1", port };
  const conn = certificate === null
    ? await Deno.connect(to)
    : await Deno.connectTls({ ...to, caCerts: [certificate], alpnProtocols: ["h2"] });
  try {
    await sendAll(conn, bytes(preface, settings(...pairs), first));
    // The server's SETTINGS are in what it sends first.
    await conn.read(new Uint8Array(4096));
    await sendAll(conn, settingsAck);
    return conn;
  } catch (error) {
    conn.close();
    throw error;
  }
}

export async function sendAll(conn: Deno.Conn, data: Uint8Array): Promise<void> {
  for (let sent = 0; sent < data.length;) sent += await conn.write(data.subarray(sent));
}

/** The other side has closed or reset the connection. */
export function isLost(error: unknown): boolean {
  return error instanceof Deno.errors.ConnectionReset || error instanceof Deno.errors.BrokenPipe ||
    error instanceof Deno.errors.ConnectionAborted || error instanceof Deno.errors.UnexpectedEof;
}
