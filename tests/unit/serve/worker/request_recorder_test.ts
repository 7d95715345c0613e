import { assertEquals } from "@std/assert";
import { AccessLog, compileAccessFormat } from "../../../../mod/log/mod.ts";
import { FetchHandler } from "../../../../mod/serve/fetch/fetch_handler.ts";
import { RequestRecorder } from "../../../../mod/serve/worker/request_recorder.ts";
import { ConcurrentExchange, SharedConnection } from "../../../support/concurrent_exchange.ts";
import { memorySink } from "../../../support/memory_sink.ts";

Deno.test("RequestRecorder and FetchHandler keep exchanges of one connection apart", async () => {
  const answers = new Map<string, (response: Response) => void>();
  const fetchHandler = new FetchHandler(
    ({ url }) => new Promise((resolve) => void answers.set(url, resolve)),
    {
      chunked: "auto",
      bodyBytesMax: 1000,
      timeoutMs: 0,
      admission: null,
      clients: null,
      webSockets: { messageBytesMax: 1000, writeTimeoutMs: 0 },
    },
    {
      onAppError: (request, error) => {
        throw new Error(request, { cause: error });
      },
      beginAsync() {},
      endAsync() {},
      setTimer: () => 0,
      clearTimer() {},
    },
  );
  const sink = memorySink();
  const accessLog = new AccessLog(compileAccessFormat("%H %U %>s %b"), sink);
  const stats = {
    row: null,
    clients: null,
    metrics: null,
    accessLog,
    requestsMax: Infinity,
    onRequestsMax() {},
  };
  const recorder = new RequestRecorder(fetchHandler, stats, { nowMs: 2 });
  const connection = new SharedConnection();
  const exchanges = ["/one", "/two", "/three"].map((path, index) => {
    const exchange = new ConcurrentExchange(connection, index + 1, path);
    exchange.onDone = () => recorder.onResponded(exchange, false);
    recorder.onRequest(exchange);
    return exchange;
  });
  // Answered in another order than they came.
  for (const path of ["/three", "/one", "/two"]) {
    answers.get(`https://h.test${path}`)!(new Response(`answer ${path}`));
    await new Promise((resolve) => setTimeout(resolve));
  }
  assertEquals(exchanges.map(({ body }) => body), ["answer /one", "answer /two", "answer /three"]);
  assertEquals(
    sink.text(),
    "HTTP/2 /three 200 13\nHTTP/2 /one 200 11\nHTTP/2 /two 200 11\n",
  );
});
