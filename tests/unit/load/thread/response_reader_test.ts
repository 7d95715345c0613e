import { assertEquals } from "@std/assert";
import { Method, ResponseHead } from "../../../../mod/http/mod.ts";
import { Fault } from "../../../../mod/http1/mod.ts";
import { ResponseReader } from "../../../../mod/load/thread/response_reader.ts";
import { ResponseTemplate } from "../../../../mod/load/thread/response_template.ts";

const encoder = new TextEncoder();
const aid = { head: new ResponseHead(), observer: null };

interface Row {
  readonly name: string;
  readonly text: string;
  readonly method?: Method;
  readonly status: number;
  readonly keepAlive: boolean;
  /** The end of the connection ends the response. */
  readonly untilEof?: boolean;
}

const rows: readonly Row[] = [
  {
    name: "a length",
    text: "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",
    status: 200,
    keepAlive: true,
  },
  {
    name: "chunks with a trailer",
    text: "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n0\r\nA: b\r\n\r\n",
    status: 200,
    keepAlive: true,
  },
  {
    name: "interim responses first",
    text: "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" +
      "HTTP/1.1 201 Created\r\nContent-Length: 1\r\n\r\nx",
    status: 201,
    keepAlive: true,
  },
  {
    name: "a length after a folded field (RFC 9112 5.2)",
    text: "HTTP/1.1 200 OK\r\nX: a\r\n \t b\r\nContent-Length: 5\r\n\r\nhello",
    status: 200,
    keepAlive: true,
  },
  {
    name: "a length between lone line feeds (RFC 9112 2.2)",
    text: "HTTP/1.1 200 OK\nContent-Length: 5\nX: y\n\nhello",
    status: 200,
    keepAlive: true,
  },
  {
    name: "a length where line ends are mixed",
    text: "HTTP/1.1 200 OK\r\nContent-Length: 5\n\r\nhello",
    status: 200,
    keepAlive: true,
  },
  {
    name: "the same length twice (RFC 9112 6.3)",
    text: "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nX: y\r\ncontent-length: 5\r\n\r\nhello",
    status: 200,
    keepAlive: true,
  },
  {
    name: "the same length twice in one field (RFC 9110 8.6)",
    text: "HTTP/1.1 200 OK\r\nContent-Length: 5, 5\r\n\r\nhello",
    status: 200,
    keepAlive: true,
  },
  {
    name: "a close said by lone line feeds",
    text: "HTTP/1.1 503 Busy\nConnection: close\nContent-Length: 0\n\n",
    status: 503,
    keepAlive: false,
  },
  {
    name: "no content that has a length all the same (RFC 9110 8.6)",
    text: "HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\n",
    status: 204,
    keepAlive: false,
  },
  { name: "no content", text: "HTTP/1.1 204 No Content\r\n\r\n", status: 204, keepAlive: true },
  {
    name: "an answer to HEAD",
    text: "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n",
    method: Method.head,
    status: 200,
    keepAlive: true,
  },
  {
    name: "an announced close",
    text: "HTTP/1.1 503 Busy\r\nConnection: close\r\nContent-Length: 0\r\n\r\n",
    status: 503,
    keepAlive: false,
  },
  {
    name: "another protocol",
    text: "HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n",
    status: 101,
    keepAlive: false,
  },
  {
    name: "the end of the connection",
    text: "HTTP/1.0 200 OK\r\n\r\nall of it",
    status: 200,
    keepAlive: false,
    untilEof: true,
  },
];

/** Reads `pieces` one after the other; each in a buffer of its own, at an odd place. */
function readPieces(row: Row, pieces: readonly Uint8Array[]): ResponseReader<null> {
  const reader = new ResponseReader<null>(null);
  for (const piece of pieces) {
    assertEquals(reader.isComplete, false, row.name);
    const buffer = new Uint8Array(piece.length + 7);
    buffer.set(piece, 3);
    const end = 3 + piece.length;
    const at = reader.read(aid, buffer, 3, end, row.method ?? Method.get, null);
    assertEquals(at, end, row.name);
  }
  return reader;
}

for (const row of rows) {
  Deno.test(`ResponseReader finds the end of a response by ${row.name}, however it is split`, () => {
    const bytes = encoder.encode(row.text);
    const cuts: Uint8Array[][] = [[bytes], [...bytes].map((byte) => Uint8Array.of(byte))];
    for (let at = 1; at < bytes.length; at++) cuts.push([bytes.slice(0, at), bytes.slice(at)]);
    for (const pieces of cuts) {
      const reader = readPieces(row, pieces);
      assertEquals(reader.isComplete, row.untilEof !== true);
      if (row.untilEof) assertEquals(reader.finishAtEof(), true);
      assertEquals([reader.status, reader.keepAlive], [row.status, row.keepAlive]);
    }
  });
}

Deno.test("ResponseReader leaves the bytes of the next response alone", () => {
  const one = "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\na";
  const bytes = encoder.encode(one + one);
  const reader = new ResponseReader<null>(null);
  const middle = reader.read(aid, bytes, 0, bytes.length, Method.get, null);
  assertEquals([reader.isComplete, middle], [true, bytes.length / 2]);
  reader.reset();
  assertEquals(reader.read(aid, bytes, middle, bytes.length, Method.get, null), bytes.length);
  assertEquals(reader.isComplete, true);
});

Deno.test("ResponseReader does not accept a truncated body as complete", () => {
  const bytes = encoder.encode("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhel");
  const reader = new ResponseReader<null>(null);
  reader.read(aid, bytes, 0, bytes.length, Method.get, null);
  assertEquals([reader.isComplete, reader.finishAtEof()], [false, false]);
});

Deno.test("ResponseReader reports faults of heads and bodies", () => {
  for (
    const [text, fault] of [
      ["SSH-2.0-x\r\n", Fault.statusLine],
      ["HTTP/1.1 200 OK\r\nA: b\rc\r\n\r\n", Fault.bareCarriageReturn],
      ["HTTP/1.1 200 OK\r\n A: b\r\n\r\n", Fault.obsFold],
      [
        "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n",
        Fault.contentLengthRepeated,
      ],
      ["HTTP/1.1 200 OK\r\nContent-Length: 5, 6\r\n\r\n", Fault.contentLength],
      ["HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n", Fault.contentLength],
      ["HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz", Fault.chunkSize],
    ] as const
  ) {
    const bytes = encoder.encode(text);
    const reader = new ResponseReader<null>(null);
    assertEquals(reader.read(aid, bytes, 0, bytes.length, Method.get, null), fault, text);
  }
});

Deno.test("ResponseTemplate recognises only the head that it has learned", () => {
  const template = new ResponseTemplate();
  const learn = (text: string) => {
    const bytes = encoder.encode(text.padEnd(Math.ceil(text.length / 4) * 4));
    new ResponseReader<null>(null).read(aid, bytes, 0, text.length, Method.get, template);
  };
  const matches = (text: string) => {
    const bytes = encoder.encode(text.padEnd(Math.ceil(text.length / 4) * 4));
    return template.matches(bytes, new Int32Array(bytes.buffer), 0, text.length);
  };
  const head = "HTTP/1.1 200 OK\r\nDate: 1\r\nContent-Length: 3\r\n\r\n";
  assertEquals(matches(`${head}abc`), false);
  learn(`${head}abc`);
  assertEquals([template.status, template.totalBytes], [200, head.length + 3]);
  assertEquals(matches(`${head}xyz`), true);
  assertEquals(matches(`${head.replace("Date: 1", "Date: 2")}xyz`), false);
  assertEquals(matches(`${head.replace("200", "500")}xyz`), false);
  assertEquals(matches(`${head}xy`), false);
  for (let length = 40; length < 60; length++) {
    const other = `${head.replace("1\r", `${"1".repeat(length)}\r`)}abc`;
    learn(other);
    assertEquals([matches(other), matches(other.replace("1\r", "2\r"))], [true, false]);
  }
});

Deno.test("a recognised response reports whether its connection ends", () => {
  for (const [field, keepAlive] of [["Connection: close", false], ["X: y", true]] as const) {
    const template = new ResponseTemplate();
    const bytes = encoder.encode(`HTTP/1.1 200 OK\r\n${field}\r\nContent-Length: 0\r\n\r\n`);
    new ResponseReader<null>(null).read(aid, bytes, 0, bytes.length, Method.get, template);
    const reader = new ResponseReader<null>(null);
    reader.takeTemplate(template);
    assertEquals([reader.status, reader.keepAlive], [200, keepAlive], field);
  }
});

Deno.test("ResponseTemplate ignores responses that have no length or arrive split", () => {
  const template = new ResponseTemplate();
  for (
    const text of [
      "HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n",
      "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n",
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
      "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nab",
    ]
  ) {
    const bytes = encoder.encode(text);
    new ResponseReader<null>(null).read(aid, bytes, 0, bytes.length, Method.get, template);
    assertEquals(template.totalBytes, 0, text);
  }
});
