/**
 * Nanoseconds per message of the HTTP/1.1 codec alone, best of several rounds:
 *     deno run scripts/bench_http1.ts
 */
import {
  ConstantBytes,
  Framing,
  HeadWriter,
  latin1Bytes,
  Method,
  RequestHead,
  ResponseHead,
} from "../mod/http/mod.ts";
import {
  BodyDecoder,
  defaultLimits,
  parseRequestHead,
  parseResponseHead,
  writeStatusLine,
} from "../mod/http1/mod.ts";

const rounds = 7;
const messagesPerRound = 400_000;

/** Runs `messages(count)` and prints the fastest round; the first ones are warm-up. */
function measure(name: string, bytes: number, messages: (count: number) => void): void {
  let best = Infinity;
  for (let round = 0; round < rounds; round++) {
    const from = performance.now();
    messages(messagesPerRound);
    best = Math.min(best, performance.now() - from);
  }
  const nanoseconds = best * 1e6 / messagesPerRound;
  console.log(
    `${name.padEnd(28)} ${bytes.toString().padStart(6)} bytes ${
      nanoseconds.toFixed(0).padStart(6)
    } ns`,
  );
}

const request = new RequestHead();
const response = new ResponseHead();

function measureRequest(name: string, text: string): void {
  const bytes = latin1Bytes(text);
  measure(name, bytes.length, (count) => {
    for (let i = 0; i < count; i++) {
      if (parseRequestHead(request, bytes, 0, bytes.length, defaultLimits, 0) !== bytes.length) {
        throw new Error(`Cannot measure ${name}: it does not parse`);
      }
    }
  });
}

function measureResponse(name: string, text: string): void {
  const bytes = latin1Bytes(text);
  measure(name, bytes.length, (count) => {
    for (let i = 0; i < count; i++) {
      const end = bytes.length;
      if (parseResponseHead(response, bytes, 0, end, defaultLimits, 0, Method.get) !== end) {
        throw new Error(`Cannot measure ${name}: it does not parse`);
      }
    }
  });
}

const browser = "GET /search?q=hayate&hl=en HTTP/1.1\r\nHost: www.example.com\r\n" +
  "Connection: keep-alive\r\nUser-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 " +
  "(KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36\r\nAccept: text/html,application/xhtml+xml," +
  "application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8\r\nAccept-Encoding: gzip, deflate, br\r\n" +
  "Accept-Language: en-GB,en;q=0.9\r\nCookie: a=" + "0123456789abcdef".repeat(20) + "\r\n\r\n";
measureRequest("request, wrk's", "GET / HTTP/1.1\r\nHost: 127.0.0.1:8080\r\n\r\n");
measureRequest(
  "request, curl's",
  "GET / HTTP/1.1\r\nHost: 127.0.0.1:8080\r\nUser-Agent: curl/7.88.1\r\nAccept: */*\r\n\r\n",
);
measureRequest("request, a browser's", browser);
measureResponse(
  "response, nginx's",
  "HTTP/1.1 200 OK\r\nServer: nginx/1.22.1\r\nDate: Mon, 23 Nov 2026 14:40:52 GMT\r\n" +
    "Content-Type: text/plain\r\nContent-Length: 12\r\nConnection: keep-alive\r\n\r\n",
);

const decoder = new BodyDecoder();
const chunked = latin1Bytes("b\r\nhello world\r\n".repeat(16) + "0\r\n\r\n");
measure("chunked body, 16 chunks", chunked.length, (count) => {
  for (let i = 0; i < count; i++) {
    decoder.reset(Framing.chunked, 0, defaultLimits);
    for (let at = 0; !decoder.done;) at = decoder.step(chunked, at, chunked.length);
  }
});

const writer = new HeadWriter();
const contentLength = new ConstantBytes("content-length: ");
measure("response head written", 0, (count) => {
  for (let i = 0; i < count; i++) {
    writer.clear();
    writeStatusLine(writer, 200);
    writer.field("date", "Mon, 23 Nov 2026 14:40:52 GMT");
    writer.field("content-type", "text/plain");
    writer.numberField(contentLength, 12);
    writer.lineEnd();
  }
});
