/** Upstreams that misbehave at random, and a private network in which packets can be dropped. */
import type { Random } from "../../fuzz/random.ts";
import { startHayate } from "../../support/binary.ts";
import { Child, sleep, trySignal } from "../../support/child.ts";
import { findPeer } from "../../support/peers.ts";
import type { TempFolder } from "../../support/ports.ts";
import { ScriptedUpstream, type UpstreamPeer, type UpstreamScript } from "../../support/proxy.ts";

/** The body of `/SERIAL/BYTES`, different for each path, so that mixed-up responses are detected. */
export function bodyOf(path: string): string {
  const size = Number(path.split("/")[2]);
  return `${path} `.repeat(Math.ceil(size / (path.length + 1))).slice(0, size);
}

/** The same, for `hayate serve`. A request's body must also be that of its path. */
const app = `export default { async fetch(request) {
  const path = new URL(request.url).pathname;
  const size = Number(path.split("/")[2]);
  const body = (path + " ").repeat(Math.ceil(size / (path.length + 1))).slice(0, size);
  const isRight = request.method === "GET" || await request.text() === body;
  return new Response(isRight ? body : "the body has changed on its way", {
    status: isRight ? 200 : 500,
  });
} };
`;

export const moods = [
  "good",
  "chunked",
  "silent",
  "garbage",
  "closes",
  "breaks",
  "resets",
  "drips",
  "refuses",
] as const;
export type Mood = typeof moods[number];

/** Answers with the body of the requested path, in the current mood. */
export function moody(state: { mood: Mood }): UpstreamScript {
  return async (peer) => {
    for (let head = await peer.readHead(); head !== null; head = await peer.readHead()) {
      const body = bodyOf(head.split(" ")[1]);
      const { mood } = state;
      // A connection that is closed with bytes unread is reset.
      if (head.startsWith("POST") && mood !== "resets") {
        if (await peer.raw.readBytes(body.length) !== body) {
          return await peer.send("HTTP/1.1 500 The body has changed\r\nContent-Length: 0\r\n\r\n");
        }
      }
      if (!await answer(peer, mood, body)) return;
    }
  };
}

/** False: the connection must be closed. */
async function answer(peer: UpstreamPeer, mood: Mood, body: string): Promise<boolean> {
  const whole = `HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
  switch (mood) {
    case "silent":
      await peer.raw.waitForClose(5000);
      return false;
    case "garbage":
      await peer.send("\x16\x03\x01 this is not HTTP\r\n\r\n");
      return false;
    case "closes":
      return false;
    case "breaks":
    case "resets":
      await peer.send(whole.slice(0, whole.length >> 1));
      return false;
    case "drips":
      for (let at = 0; at < whole.length; at += Math.ceil(whole.length / 8)) {
        await peer.send(whole.slice(at, at + Math.ceil(whole.length / 8)));
        await sleep(30);
      }
      return true;
    case "refuses":
      await peer.send("HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n");
      return true;
    case "chunked": {
      const half = body.length >> 1;
      const chunks = [body.slice(0, half), body.slice(half)].filter((part) => part !== "");
      const lines = chunks.map((part) => `${part.length.toString(16)}\r\n${part}\r\n`);
      await peer.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
      await peer.send(`${lines.join("")}0\r\n\r\n`);
      return true;
    }
    case "good":
      await peer.send(whole);
      return true;
  }
}

/** A scripted upstream on a socket file. */
export function startMoody(path: string, state: { mood: Mood }): ScriptedUpstream {
  return ScriptedUpstream.start(moody(state), path);
}

/**
 * Programs in a private network (unshare(1)), whose loopback drops packets on demand: a port there
 * becomes a black hole. Files, including socket files, are shared with the test.
 */
export class PrivateNetwork {
  /** Any process inside. */
  #pid = 0;

  /** null if it is permitted, else the reason why not. */
  static async missing(): Promise<string | null> {
    const needed = ["unshare", "nsenter", "ip", "iptables"];
    const missing = needed.filter((program) => findPeer(program) === null);
    if (missing.length > 0) return `${missing.join(", ")} not installed`;
    const script = "ip link set lo up && iptables -A INPUT -p tcp --dport 1 -j DROP";
    const { code, stderr } = await new Child("unshare", ["-n", "sh", "-c", script]).result();
    return code === 0 ? null : stderr.trim().split("\n")[0];
  }

  /** The first program; the network lives as long as any program in it. */
  startFirst(program: string, args: readonly string[]): Child {
    const script = 'ip link set lo up && exec "$0" "$@"';
    const child = new Child("unshare", ["-n", "sh", "-c", script, program, ...args]);
    this.#pid = child.pid;
    return child;
  }

  start(program: string, args: readonly string[]): Child {
    return new Child("nsenter", ["-t", `${this.#pid}`, "-n", program, ...args]);
  }

  /** Starts or stops dropping the packets to a port. */
  async lose(port: number, isLost: boolean): Promise<void> {
    const rule = ["INPUT", "-p", "tcp", "--dport", `${port}`, "-j", "DROP"];
    const { code, stderr } = await this.start("iptables", [isLost ? "-I" : "-D", ...rule]).result();
    if (code !== 0) throw new Error(`Cannot change the private network: ${stderr}`);
  }
}

/** `hayate serve` on a socket file: stopped, killed and started again at random. */
export class FragileServer implements AsyncDisposable {
  stops = 0;
  kills = 0;
  #child: Child | null = null;

  constructor(readonly path: string, readonly appFile: string) {}

  static async start(folder: TempFolder): Promise<FragileServer> {
    const server = new FragileServer(`${folder.path}/real.sock`, await writeApp(folder));
    await server.#startOne();
    return server;
  }

  async #startOne(): Promise<void> {
    const child = startHayate(
      ["serve", "-q", "--workers", "1", "--path", this.path, this.appFile],
      {
        waitTimeoutMs: 30_000,
      },
    );
    this.#child = child;
    await child.waitForSocket({ kind: "unix", path: this.path });
  }

  /** One fault, until its end. */
  async suffer(random: Random): Promise<void> {
    const child = this.#child!;
    if (random.oneIn(2)) {
      this.stops++;
      trySignal(child.pid, "SIGSTOP");
      await sleep(200 + random.below(1000));
      trySignal(child.pid, "SIGCONT");
    } else {
      this.kills++;
      trySignal(child.pid, "SIGKILL");
      await child.status;
      await sleep(random.below(500));
      await this.#startOne();
    }
  }

  /** Stopped until the end of the test. */
  freeze(): void {
    trySignal(this.#child!.pid, "SIGSTOP");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child !== null) trySignal(this.#child.pid, "SIGCONT");
    await this.#child?.stop();
  }
}

export async function writeApp(folder: TempFolder): Promise<string> {
  return await folder.write("app.js", app);
}

/** A port that neither accepts nor refuses connections: its queue is full and stays so. */
export class FullQueue implements Disposable {
  readonly port: number;
  readonly #listener: Deno.TcpListener;
  readonly #connections: Promise<Deno.Conn | null>[] = [];

  constructor() {
    this.#listener = Deno.listen({ hostname: "127.0.0.1", port: 0, tcpBacklog: 1 });
    this.port = this.#listener.addr.port;
  }

  /** Fills the queue: listen(2) lets two connections in. */
  async fill(): Promise<void> {
    for (let i = 0; i < 2; i++) {
      const connection = Deno.connect({ hostname: "127.0.0.1", port: this.port });
      this.#connections.push(connection.catch(() => null));
    }
    await Promise.all(this.#connections);
  }

  [Symbol.dispose](): void {
    this.#listener.close();
    for (const connection of this.#connections) void connection.then((one) => one?.close());
  }
}

/** Open descriptors, and megabytes in memory, of a process. */
export function usageOf(pid: number): { readonly descriptors: number; readonly megabytes: number } {
  const status = Deno.readTextFileSync(`/proc/${pid}/status`);
  const kilobytes = Number(/^RssAnon:\s+(\d+)/m.exec(status)?.[1]);
  return {
    descriptors: [...Deno.readDirSync(`/proc/${pid}/fd`)].length,
    megabytes: Math.round(kilobytes / 1024),
  };
}
