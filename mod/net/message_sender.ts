/** Sends log messages by datagram, or over a stream that is reopened when it breaks. */

export interface MessageSender {
  /** True if the transport preserves message boundaries. */
  readonly datagram: boolean;
  /** Rejects if the receiver cannot be reached; the next call tries again. */
  send(bytes: Uint8Array): Promise<void>;
  close(): void;
}

/**
 * `address` is `host:port` or `[v6]:port` for udp and tcp, a socket's path for unix. A unix socket
 * may be a datagram socket, as /dev/log is, or a stream socket.
 */
export function openMessageSender(
  transport: "udp" | "tcp" | "unix",
  address: string,
): MessageSender {
  if (transport === "unix") {
    return isDatagramSocket(address) ? new UnixDatagramSender(address) : unixStream(address);
  }
  const { hostname, port } = splitHostPort(address);
  if (transport === "udp") return new UdpSender(hostname, port);
  return new StreamSender(() => Deno.connect({ hostname, port }));
}

function splitHostPort(address: string): { hostname: string; port: number } {
  const colon = address.lastIndexOf(":");
  return {
    hostname: address.slice(0, colon).replace(/^\[(.*)\]$/, "$1"),
    port: Number(address.slice(colon + 1)),
  };
}

function unixStream(path: string): StreamSender {
  return new StreamSender(() => Deno.connect({ transport: "unix", path }));
}

/**
 * Reads the socket's type from the kernel: 0002 is SOCK_DGRAM (/proc/net/unix, net/unix/af_unix.c).
 */
function isDatagramSocket(path: string): boolean {
  try {
    const line = Deno.readTextFileSync("/proc/net/unix").split("\n").find((each) =>
      each.endsWith(` ${path}`)
    );
    return line === undefined ? path === "/dev/log" : line.split(/\s+/)[4] === "0002";
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return path === "/dev/log";
    throw error;
  }
}

class UdpSender implements MessageSender {
  readonly hostname: string;
  readonly port: number;
  readonly datagram = true;
  #socket: Deno.DatagramConn | null = null;

  constructor(hostname: string, port: number) {
    this.hostname = hostname;
    this.port = port;
  }

  async send(bytes: Uint8Array): Promise<void> {
    this.#socket ??= Deno.listenDatagram({
      transport: "udp",
      hostname: this.hostname.includes(":") ? "::" : "0.0.0.0",
      port: 0,
    });
    await this.#socket.send(bytes, { transport: "udp", hostname: this.hostname, port: this.port });
  }

  close(): void {
    this.#socket?.close();
  }
}

class UnixDatagramSender implements MessageSender {
  readonly path: string;
  readonly datagram = true;
  #socket: Deno.DatagramConn | null = null;

  constructor(path: string) {
    this.path = path;
  }

  async send(bytes: Uint8Array): Promise<void> {
    // With an empty path the kernel chooses an abstract name, so no file is left behind.
    this.#socket ??= Deno.listenDatagram({ transport: "unixpacket", path: "" });
    await this.#socket.send(bytes, { transport: "unixpacket", path: this.path });
  }

  close(): void {
    this.#socket?.close();
  }
}

class StreamSender implements MessageSender {
  readonly #open: () => Promise<Deno.Conn>;
  readonly datagram = false;
  #connection: Deno.Conn | null = null;

  constructor(open: () => Promise<Deno.Conn>) {
    this.#open = open;
  }

  async send(bytes: Uint8Array): Promise<void> {
    const reused = this.#connection !== null;
    try {
      await this.#write(bytes);
    } catch (error) {
      this.close();
      // A restart of the receiver is only noticed when a write fails.
      if (!reused) throw error;
      await this.#write(bytes);
    }
  }

  close(): void {
    this.#connection?.close();
    this.#connection = null;
  }

  async #write(bytes: Uint8Array): Promise<void> {
    this.#connection ??= await this.#open();
    for (let at = 0; at < bytes.length;) at += await this.#connection.write(bytes.subarray(at));
  }
}
