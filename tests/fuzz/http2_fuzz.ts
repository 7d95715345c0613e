/** HTTP/2 sessions under random input: mutated frames, and clients and servers that talk in memory. */
import { latin1 } from "../../mod/http/mod.ts";
import { defaultGuardRules } from "../../mod/http2/mod.ts";
import { frameRows, openingRows } from "../vectors/http2/frame_rows.ts";
import { fieldRows } from "../vectors/http2/field_rows.ts";
import { Recorder, type RecorderOptions } from "../vectors/http2/recorder.ts";
import { block, bytes, frame, preface, settings, Type, whole } from "../vectors/http2/wire.ts";
import { FuzzFailure } from "./codec_fuzz.ts";
import type { Random } from "./random.ts";

const rowBytesMax = 3000;
const streamBytesMax = 6000;
const unlimited = { burst: 1e9, perSecond: 0 };
/** Windows of a few bytes are an attack, and here a test. */
const guard = { ...defaultGuardRules, tinyWindows: unlimited, windowUpdates: unlimited };

/** Frames and fields of the tables, as pieces that are cut, mixed and changed. */
const pieces: readonly Uint8Array[] = [
  ...[...frameRows, ...openingRows].flatMap((row) => row.frames),
  ...fieldRows.map(({ fields }) => {
    const pairs = fields.map((line): [string, string] => {
      const colon = line.indexOf(": ", 1);
      return [line.slice(0, colon), line.slice(colon + 2)];
    });
    return frame(Type.headers, whole, 1, block(...pairs));
  }),
].filter((piece) => piece.length <= rowBytesMax);

export class Http2Fuzzer {
  readonly #random: Random;

  constructor(random: Random) {
    this.#random = random;
  }

  /** Tests one stream of frames. Throws `FuzzFailure`. */
  step(): void {
    const stream = this.#mutated();
    const options = { isServer: !this.#random.oneIn(4) };
    try {
      const once = play(stream, [], options);
      const cuts = this.#random.oneIn(4)
        ? Array.from({ length: stream.length }, (_, i) => i)
        : this.#random.cuts(stream.length, 8);
      const parts = play(stream, cuts, options);
      if (once === parts) return;
      throw new FuzzFailure(`at once: ${once}\ncut at ${cuts.join(", ")}: ${parts}`, stream);
    } catch (error) {
      if (error instanceof FuzzFailure) throw error;
      throw new FuzzFailure(String((error as Error).stack ?? error), stream, { cause: error });
    }
  }

  /** A few frames with changed bytes; most keep a sound header, so that the rest is looked at. */
  #mutated(): Uint8Array {
    const random = this.#random;
    const count = 1 + random.below(8);
    const chosen = Array.from({ length: count }, () => random.pick(pieces).slice());
    let id = 1;
    for (const piece of chosen) {
      // Fresh streams in order, or all on one.
      if (piece[3] === Type.headers && random.oneIn(2)) piece[8] = (id += 2) & 0xff;
      for (let changes = random.below(3); changes > 0; changes--) {
        const from = random.oneIn(5) ? 0 : 3;
        const at = from + random.below(Math.max(1, piece.length - from));
        piece[at] = random.oneIn(2) ? random.below(256) : piece[at] ^ (1 << random.below(8));
      }
    }
    const all = bytes(...chosen).subarray(0, streamBytesMax);
    return random.oneIn(20) ? all : bytes(preface, settings(), all);
  }
}

/** What a session makes of a stream: its events and what it writes. */
function play(stream: Uint8Array, cuts: readonly number[], options: RecorderOptions): string {
  const recorder = new Recorder(options);
  if (options.isServer === false) {
    // The client has streams of its own for what the frames say.
    recorder.request("GET", "/", "", true);
    recorder.request("HEAD", "/", "", false);
    stream = stream.subarray(Math.min(stream.length, preface.length));
    cuts = cuts.filter((cut) => cut < stream.length);
  }
  recorder.output.take();
  recorder.receive(stream, cuts);
  const { session } = recorder;
  if (session.isFailed && session.streamCount > 0) throw new Error("streams are left");
  const frames = latin1Text(recorder.output.take());
  return JSON.stringify([recorder.events, frames, session.streamCount, session.isFailed]);
}

function latin1Text(all: Uint8Array): string {
  return latin1(all, 0, all.length);
}

/** A client and a server that exchange random messages over a wire that cuts them anywhere. */
export class SessionFuzzer {
  readonly #random: Random;

  constructor(random: Random) {
    this.#random = random;
  }

  /** One conversation; throws an error that says what was lost. */
  step(): void {
    const random = this.#random;
    const options = (): RecorderOptions => ({
      answers: false,
      streamWindowBytes: random.pick([60, 1000, 65_535, 200_000]),
      connectionWindowBytes: random.pick([65_535, 100_000]),
      heldBytesMax: 200_000,
      tableBytesMax: random.pick([0, 100, 4096]),
      held: { now: 0, max: 1e9 },
      streamsMax: 20,
      guard,
    });
    const [serverOptions, clientOptions] = [options(), options()];
    const server = new Recorder(serverOptions);
    const client = new Recorder({ ...clientOptions, isServer: false });
    const expected = new Map<string, string>();
    const transfer = (from: Recorder, to: Recorder) => {
      const wire = from.output.take();
      if (wire.length > 0) to.receive(wire, random.cuts(wire.length, 4));
    };
    for (let turn = 0; turn < 40; turn++) {
      if (client.session.canOpen && random.oneIn(2)) {
        this.#request(client, expected);
      }
      transfer(client, server);
      for (const stream of server.open.values()) {
        const isComplete = stream.remoteClosed && !server.pending.has(stream.id);
        if (isComplete && random.oneIn(2)) this.#respond(server, stream, expected);
      }
      for (const side of [client, server]) {
        side.output.isBlocked = random.oneIn(5);
        if (!side.output.isBlocked) side.session.flush();
      }
      if (random.oneIn(30)) server.session.drain();
      transfer(server, client);
    }
    client.output.isBlocked = server.output.isBlocked = false;
    for (let i = 0; i < 30_000 && client.session.streamCount > 0; i++) {
      client.session.flush();
      server.session.flush();
      transfer(client, server);
      for (const stream of server.open.values()) {
        if (stream.remoteClosed && !server.pending.has(stream.id)) {
          this.#respond(server, stream, expected);
        }
      }
      transfer(server, client);
    }
    this.#check(client, server, expected);
    for (const { held } of [serverOptions, clientOptions]) {
      if (held!.now !== 0) throw new Error(`${held!.now} bytes are held at the end`);
    }
  }

  #request(client: Recorder, expected: Map<string, string>): void {
    const random = this.#random;
    const path = `/${random.below(5)}`;
    const lines = this.#lines();
    const hasBody = random.oneIn(2);
    const stream = client.request(hasBody ? "POST" : "GET", path, lines.text, !hasBody);
    expected.set(
      `request ${stream.id}`,
      `${hasBody ? "POST" : "GET"} ${path} a.example ${lines.fields}`.trim(),
    );
    if (!hasBody) return;
    const body = this.#body();
    if (body !== "") expected.set(`to server ${stream.id}`, body);
    client.send(stream, body);
  }

  #respond(
    server: Recorder,
    stream: Recorder["open"] extends Map<number, infer T> ? T : never,
    expected: Map<string, string>,
  ): void {
    const lines = this.#lines();
    const body = this.#body();
    const { id } = stream;
    expected.set(`response ${id}`, `200 ${lines.fields}`.trim());
    if (body !== "") expected.set(`to client ${id}`, body);
    server.respond(stream, 200, lines.text, false);
    server.send(stream, body);
  }

  #lines(): { text: string; fields: string } {
    const random = this.#random;
    const lines = Array.from({ length: random.below(6) }, () => {
      const name = random.pick(["x-a", "x-long-name", "accept", "etag", "authorization"]);
      const value = `${"v".repeat(random.pick([0, 1, 30, 300]))}${random.below(4)}`;
      return [name, value] as const;
    });
    return {
      text: lines.map(([name, value]) => `${name}: ${value}\r\n`).join(""),
      fields: lines.map(([name, value]) => `${name}=${value}`).join("&"),
    };
  }

  #body(): string {
    const random = this.#random;
    const length = random.pick([0, 1, 50, 3000]) * (1 + random.below(4));
    return `${random.below(10)}`.repeat(length);
  }

  #check(client: Recorder, server: Recorder, expected: Map<string, string>): void {
    const found = new Map<string, string>();
    const collect = (events: readonly string[], direction: string) => {
      for (const event of events) {
        const [kind, id, ...rest] = event.split(" ");
        const key = kind === "data" ? `to ${direction} ${id}` : `${kind} ${id}`;
        const text = rest.join(" ").trim();
        if (kind === "data") found.set(key, (found.get(key) ?? "") + text);
        else if (kind === "request" || kind === "response") found.set(key, text);
        else if (kind !== "end" && kind !== "goaway") throw new Error(`unexpected: ${event}`);
      }
    };
    collect(server.events, "server");
    // A stream that the server's GOAWAY left out is refused, which the client may retry.
    const refused = new Set<string>();
    const rest = client.events.filter((event) => {
      const [kind, id, code] = event.split(" ");
      if (kind === "reset" && code === "REFUSED_STREAM") refused.add(id);
      return kind !== "reset";
    });
    collect(rest, "client");
    for (const [key, value] of expected) {
      if (refused.has(key.split(" ").at(-1)!)) continue;
      if (found.get(key) !== value) {
        const got = found.get(key) ?? "";
        const lengths = `${got.length} of ${value.length} characters`;
        throw new Error(`${key}: ${lengths}, ${got.slice(0, 90)} instead of ${value.slice(0, 90)}`);
      }
    }
    if (client.session.streamCount > 0) throw new Error("the client's streams are not complete");
  }
}
