/** A DNS server for tests: a table of records, over UDP and TCP on one port of loopback. */
import { parseIp } from "../../mod/base/ip.ts";
import { RecordType } from "../../mod/net/dns/message.ts";

/** One record, `data` as in a zone file: `10.0.0.1`, `host.example`, `10 5 8080 host.example`. */
export interface ZoneRecord {
  readonly name: string;
  readonly type: "A" | "AAAA" | "CNAME" | "SRV" | "SOA";
  readonly ttl: number;
  readonly data: string;
}

/** A response to encode. */
export interface TestResponse {
  readonly id: number;
  readonly question: { readonly name: string; readonly type: number };
  readonly code?: number;
  readonly isTruncated?: boolean;
  readonly answers?: readonly ZoneRecord[];
  readonly authorities?: readonly ZoneRecord[];
  readonly additionals?: readonly ZoneRecord[];
}

const typeNumbers = {
  A: RecordType.a,
  AAAA: RecordType.aaaa,
  CNAME: RecordType.cname,
  SRV: RecordType.srv,
  SOA: RecordType.soa,
};

/** Reads `app.example 5 A 127.0.0.1`. */
export function zone(...lines: string[]): ZoneRecord[] {
  return lines.map((line) => {
    const [name, ttl, type, ...data] = line.split(" ");
    return { name, type: type as ZoneRecord["type"], ttl: Number(ttl), data: data.join(" ") };
  });
}

/** The response's bytes; repeated names are compressed with pointers. */
export function encodeResponse(response: TestResponse): Uint8Array<ArrayBuffer> {
  const { answers = [], authorities = [], additionals = [] } = response;
  const bytes: number[] = [];
  const places = new Map<string, number>();
  const u16 = (value: number) => bytes.push(value >> 8 & 255, value & 255);
  const u32 = (value: number) => (u16(Math.floor(value / 65536)), u16(value));
  const name = (text: string) => {
    const labels = text.split(".").filter((label) => label !== "");
    for (let at = 0; at < labels.length; at++) {
      const rest = labels.slice(at).join(".").toLowerCase();
      const known = places.get(rest);
      if (known !== undefined) return u16(0xc000 | known);
      if (bytes.length < 0x3fff) places.set(rest, bytes.length);
      bytes.push(labels[at].length, ...new TextEncoder().encode(labels[at]));
    }
    return bytes.push(0);
  };
  u16(response.id);
  u16(0x8180 | (response.isTruncated ? 0x0200 : 0) | (response.code ?? 0));
  for (const count of [1, answers.length, authorities.length, additionals.length]) u16(count);
  name(response.question.name);
  u16(response.question.type);
  u16(1);
  for (const record of [...answers, ...authorities, ...additionals]) {
    name(record.name);
    u16(typeNumbers[record.type]);
    u16(1);
    u32(record.ttl);
    const lengthAt = bytes.length;
    u16(0);
    const words = record.data.split(" ");
    if (record.type === "A" || record.type === "AAAA") bytes.push(...parseIp(words[0])!);
    else if (record.type === "CNAME") name(words[0]);
    else if (record.type === "SRV") {
      for (const number of words.slice(0, 3)) u16(Number(number));
      name(words[3]);
    } else {
      name("ns.example");
      name("admin.example");
      for (const number of [1, 2, 3, 4, Number(words[0])]) u32(number);
    }
    const length = bytes.length - lengthAt - 2;
    bytes[lengthAt] = length >> 8;
    bytes[lengthAt + 1] = length & 255;
  }
  return Uint8Array.from(bytes);
}

/** The question of a query. */
export function readQuery(query: Uint8Array): { id: number; name: string; type: number } {
  const labels: string[] = [];
  let at = 12;
  for (; query[at] !== 0; at += query[at] + 1) {
    labels.push(new TextDecoder().decode(query.subarray(at + 1, at + 1 + query[at])));
  }
  return {
    id: query[0] << 8 | query[1],
    name: labels.join("."),
    type: query[at + 1] << 8 | query[at + 2],
  };
}

/** Answers a question from a table, including the aliases followed; possibly a negative answer. */
export function answerFrom(
  records: readonly ZoneRecord[],
  { id, name, type }: { id: number; name: string; type: number },
): TestResponse {
  const answers: ZoneRecord[] = [];
  let current = name.toLowerCase();
  for (let hops = 0; hops < 8; hops++) {
    const own = records.filter((one) => one.name === current);
    const wanted = own.filter((one) => typeNumbers[one.type] === type);
    answers.push(...wanted);
    const alias = own.find((one) => one.type === "CNAME");
    if (wanted.length > 0 || alias === undefined) break;
    answers.push(alias);
    current = alias.data;
  }
  const isKnown = records.some((one) => one.name === current);
  const authorities = records.filter((one) => one.type === "SOA");
  return {
    id,
    question: { name, type },
    code: isKnown ? 0 : 3,
    answers,
    ...(answers.length > 0 ? {} : { authorities }),
  };
}

export class DnsTestServer implements AsyncDisposable {
  /** The records served; may be replaced at any time. */
  records: readonly ZoneRecord[];
  /** False: queries are received but not answered. */
  answers = true;
  /** True: UDP responses are marked as truncated. */
  truncates = false;
  /** `NAME TYPE udp|tcp` for each query. */
  readonly queries: string[] = [];
  readonly port: number;
  readonly #udp: Deno.DatagramConn;
  readonly #tcp: Deno.TcpListener;
  readonly #work: Promise<void>[];

  constructor(...lines: string[]) {
    this.records = zone(...lines);
    [this.#tcp, this.#udp] = listenTwice();
    this.port = this.#tcp.addr.port;
    this.#work = [this.#serveUdp(), this.#serveTcp()];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#udp.close();
    this.#tcp.close();
    await Promise.all(this.#work);
  }

  #answer(query: Uint8Array, transport: string): Uint8Array<ArrayBuffer> | null {
    const question = readQuery(query);
    const word = Object.entries(typeNumbers).find(([, number]) => number === question.type)?.[0];
    this.queries.push(`${question.name} ${word ?? question.type} ${transport}`);
    if (!this.answers) return null;
    const response = answerFrom(this.records, question);
    if (!this.truncates || transport === "tcp") return encodeResponse(response);
    return encodeResponse({ ...response, isTruncated: true, answers: [] });
  }

  async #serveUdp(): Promise<void> {
    try {
      for await (const [query, from] of this.#udp) {
        const answer = this.#answer(query, "udp");
        if (answer !== null) await this.#udp.send(answer, from);
      }
    } catch (error) {
      if (!isClosed(error)) throw error;
    }
  }

  async #serveTcp(): Promise<void> {
    try {
      for await (const conn of this.#tcp) {
        const query = new Uint8Array(2048);
        const count = await conn.read(query);
        const answer = count === null ? null : this.#answer(query.subarray(2, count), "tcp");
        if (answer !== null) {
          const framed = new Uint8Array(2 + answer.length);
          framed.set([answer.length >> 8, answer.length & 255]);
          framed.set(answer, 2);
          await conn.write(framed);
        }
        conn.close();
      }
    } catch (error) {
      if (!isClosed(error)) throw error;
    }
  }
}

/** Listens on the same port number for both; retries, since it may be in use for one of them. */
function listenTwice(): [Deno.TcpListener, Deno.DatagramConn] {
  for (;;) {
    const tcp = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    try {
      const { port } = tcp.addr;
      return [tcp, Deno.listenDatagram({ transport: "udp", hostname: "127.0.0.1", port })];
    } catch (error) {
      tcp.close();
      if (!(error instanceof Deno.errors.AddrInUse)) throw error;
    }
  }
}

function isClosed(error: unknown): boolean {
  return error instanceof Deno.errors.BadResource || error instanceof Deno.errors.Interrupted;
}
