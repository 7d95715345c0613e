/** The proxy's engine with several exchanges of one client connection in progress at once. */
import { assertEquals } from "@std/assert";
import type { Exchange } from "../../mod/conn/exchange/exchange.ts";
import { formatAddress } from "../../mod/base/address.ts";
import { AccessLog, compileAccessFormat, Logger, type Sink } from "../../mod/log/mod.ts";
import { PeerGroup } from "../../mod/proxy/balance/peer_group.ts";
import { buildPlan } from "../../mod/proxy/directives/build.ts";
import { RouteCompiler } from "../../mod/proxy/engine/compile.ts";
import { Engine } from "../../mod/proxy/engine/engine.ts";
import { ConcurrentExchange, SharedConnection } from "../support/concurrent_exchange.ts";
import { memorySink } from "../support/memory_sink.ts";
import { contractTest, type Rig } from "./harness.ts";
import { answer, TestServer } from "./server_harness.ts";

/** An engine that forwards `/` to `upstream`, redirects `/gone`, and logs to `sink`. */
function proxyOf(rig: Rig, upstream: TestServer, sink: Sink) {
  const text = `
listen: 1
access-log: {path: unused, format: "%H %U %>s %{connection-id}x"}
hosts:
  default:
    paths:
      /:
        proxy.reverse.url: http://${formatAddress(upstream.address)}/
      /gone:
        redirect: /new/
`;
  const source = { readText: () => "", environment: () => null };
  const { plan, problems } = buildPlan(text, "h2o.conf", source, { needsListen: true });
  assertEquals(problems, []);
  const logger = new Logger({ name: "proxy", sink: memorySink() });
  const engine = new Engine(rig.reactor, plan!.global, logger);
  const compiler = new RouteCompiler(plan!, {
    engine,
    groups: plan!.upstreams.map((plan) => new PeerGroup(plan)),
    openLog: ({ format }) => new AccessLog(compileAccessFormat(format!), sink),
    generation: null,
    checkRows: () => ({ rows: [], generation: 1 }),
  });
  const hosts = compiler.hosts(plan!.hosts.map((_host, index) => index), "http");
  return engine.addServer(hosts, "https", compiler.unknown([])).handler;
}

contractTest("the proxy keeps exchanges of one client connection apart", async (rig) => {
  const late: Exchange[] = [];
  const upstream = new TestServer(rig, { "/late": (x) => void late.push(x) });
  const sink = memorySink();
  const handler = proxyOf(rig, upstream, sink);
  const connection = new SharedConnection();
  const begin = (index: number, path: string) => {
    const exchange = new ConcurrentExchange(connection, index, path);
    const done = new Promise<void>((resolve) => exchange.onDone = resolve);
    handler.onRequest(exchange);
    return { exchange, done };
  };
  const first = begin(1, "/late");
  const second = begin(2, "/soon");
  const third = begin(3, "/gone");
  await second.done;
  await third.done;
  assertEquals(late.length, 1);
  answer(late[0], "late");
  await first.done;
  const exchanges = [first, second, third].map(({ exchange }) => exchange);
  assertEquals(exchanges.map(({ status }) => status), [200, 200, 302]);
  assertEquals(exchanges.slice(0, 2).map(({ body }) => body), ["late", "/soon"]);
  assertEquals(
    sink.text(),
    "HTTP/2 /gone 302 1\nHTTP/2 /soon 200 1\nHTTP/2 /late 200 1\n",
  );
});
