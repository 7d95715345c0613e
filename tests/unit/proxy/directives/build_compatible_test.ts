/** Directives of Tengine and h2o: honoured, ignored with a notice, or refused with the reason. */
import { assertEquals } from "@std/assert";
import { buildPlan } from "../../../../mod/proxy/directives/build.ts";
import { directiveTable } from "../../../../mod/proxy/directives/table.ts";
import { foreignDirectives } from "../../../../mod/proxy/directives/foreign.ts";
import type { ProxyPlan } from "../../../../mod/proxy/plan/plan.ts";
import { applyRequestRules } from "../../../../mod/proxy/engine/fields/field_rules.ts";

const source = { readText: () => "", environment: () => null };
const hosts = "hosts: {default: {paths: {/: {status: ON}}}}\n";

function built(text: string): { plan: ProxyPlan | null; said: readonly string[] } {
  const { plan, problems } = buildPlan(text, "f", source, { needsListen: true });
  return { plan, said: plan === null ? problems : plan.notices };
}

function planOf(text: string): ProxyPlan {
  const { plan, said } = built(text);
  if (plan === null) throw new Error(said.join("\n"));
  return plan;
}

/** Tengine's keys of an upstream -> the notice about them; "" for none. */
const keys: readonly [line: string, notice: string][] = [
  ["check_keepalive_requests: 100", "every check opens a connection of its own; it is ignored"],
  ["check_keepalive_requests: 1", ""],
  ["check_shm_size: 10M", "hayate's memory for checks grows with the servers; it is ignored"],
  ["check_fastcgi_param: REQUEST_METHOD GET", "only type=fastcgi uses it, which hayate lacks"],
  ["session_sticky: mode=rewrite", ""],
  ["session_sticky: mode=prefix cookie=id", ""],
  [
    "session_sticky: mode=rewrite maxage=60 maxidle=30m maxlife=12h",
    "maxage, maxidle, maxlife: without effect with rewrite",
  ],
  ["session_sticky: mode=prefix option=indirect", "option=indirect: without effect with prefix"],
  ["session_sticky: mode=insert maxage=60 maxidle=30m maxlife=12h option=indirect", ""],
  ["session_sticky: maxidle=1h mode=prefix", "maxidle: without effect with prefix"],
];

for (const [line, notice] of keys) {
  Deno.test(`Tengine's ${line}: ${notice || "honoured"}`, () => {
    const text = `listen: 80\nupstreams: {app: {servers: [10.0.0.1], check: type=http, ${
      line.replace(": ", ': "')
    }"}}\n${hosts}`;
    const notices = planOf(text).notices;
    assertEquals(notices.length, notice === "" ? 0 : 1, notices.join());
    assertEquals((notices[0] ?? "").includes(notice), true, notices.join());
  });
}

/** h2o 2.2.5 accepts all of these for expires; a directive in ms also accepts a bare number. */
const durations: readonly [text: string, ms: number][] = [
  ["30 seconds", 30_000],
  ["1 second", 1000],
  ["1day", 86_400_000],
  ["2 DAYS", 172_800_000],
  ["1 month", 2_592_000_000],
  ["1 year", 31_536_000_000],
  ["5 minutes", 300_000],
  ["1500", 1500],
  ["10s", 10_000],
];

for (const [text, ms] of durations) {
  Deno.test(`${text} is a duration of ${ms} ms everywhere`, () => {
    const { settings, global } = planOf(
      `listen: 80\nproxy.timeout.io: ${text}\ndrain-timeout: ${text}\n${hosts}`,
    );
    assertEquals(settings.proxy.ioTimeoutMs, ms);
    assertEquals(global.drainTimeoutMs, text === "1500" ? 1_500_000 : ms);
  });
}

Deno.test("expires accepts what h2o accepts", () => {
  for (const [text, seconds] of [["1day", 86_400], ["30 SECONDS", 30], ["2 hours", 7200]]) {
    assertEquals(
      planOf(`listen: 80\nexpires: ${text}\n${hosts}`).settings.expires,
      `max-age=${seconds}`,
    );
  }
  assertEquals(built(`listen: 80\nexpires: 1 week\n${hosts}`).plan, null);
});

Deno.test("listen can be a sequence, and QUIC is skipped with a warning", () => {
  const { plan, said } = built(
    `listen: [8080, {port: 8081, host: 127.0.0.1}, {port: 443, type: quic, quic: {retry: ON}}]\n${hosts}`,
  );
  const found = plan!.listeners.map(({ address }) =>
    address.kind === "tcp" ? `${address.host} ${address.port}` : address.path
  );
  assertEquals(found, ["0.0.0.0 8080", ":: 8080", "127.0.0.1 8081"]);
  assertEquals(said, [
    "[f:1] listen.quic: hayate ignores this key of h2o",
    "[f:1] listen.type: hayate has no HTTP/3; this listener is skipped",
  ]);
});

/** Rules of the Cookie field, as h2o applies them -> the remainder of `a=1; B=2; c=3`. */
const cookies: readonly [line: string, left: string | null][] = [
  ["cookie.unset: a", "B=2; c=3"],
  ["cookie.unset: [a, c]", "B=2"],
  ["cookie.unset: b", "a=1; B=2; c=3"],
  ["cookie.unset: [a, B, c]", null],
  ["cookie.unsetunless: [c, B]", "B=2; c=3"],
  ["cookie.unsetunless: none", null],
];

for (const [line, left] of cookies) {
  Deno.test(`proxy.header.${line} leaves ${left}`, () => {
    for (const prefix of ["proxy.header", "header"] as const) {
      const { settings } = planOf(`listen: 80\n${prefix}.${line}\n${hosts}`);
      const rules = prefix === "header" ? settings.responseRules : settings.requestRules;
      const fields = [{ name: "Cookie", value: "a=1; B=2;c=3" }, { name: "X-A", value: "a=1" }];
      const result = applyRequestRules(fields, rules);
      // A field that no rule touches is copied with its bytes.
      const cookie = result.find(({ name }) => name === "Cookie")?.value ?? null;
      assertEquals(cookie, left);
      assertEquals(result.at(-1), { name: "X-A", value: "a=1" });
    }
  });
}

/** What h2o 2.3 (master edd7a12) defines with h2o_configurator_define_command, and 2.2's own names. */
const h2oDirectives = `access-log acme capabilities compress compress-minimum-size crash-handler
  crash-handler.wait-pipe-close duration-stats error-doc error-log
  error-log.emit-request-errors expires fastcgi.connect fastcgi.document_root
  fastcgi.send-delegated-uri fastcgi.spawn fastcgi.timeout.io fastcgi.timeout.keepalive
  file.custom-handler file.dir file.dirlisting file.etag file.file file.index file.io_uring
  file.mime.addtypes file.mime.removetypes file.mime.setdefaulttype file.mime.settypes
  file.send-compressed file.send-gzip gzip h2olog handshake-timeout header.add header.append
  header.cookie.unset header.cookie.unsetunless header.merge header.set header.setifempty
  header.unset header.unsetunless hosts http1-request-io-timeout http1-request-timeout
  http1-upgrade-to-http2 http2-allow-cross-origin-push http2-casper http2-debug-state
  http2-dos-delay http2-graceful-shutdown-timeout http2-idle-timeout http2-input-window-size
  http2-latency-optimization-max-additional-delay http2-latency-optimization-max-cwnd
  http2-latency-optimization-min-rtt http2-max-concurrent-requests-per-connection
  http2-max-concurrent-streaming-requests-per-connection http2-max-streams http2-push-preload
  http2-reprioritize-blocking-assets http3-ack-frequency http3-allow-delayed-ack
  http3-graceful-shutdown-timeout http3-gso http3-idle-timeout http3-input-window-size
  http3-max-concurrent-streaming-requests-per-connection io_uring-batch-size
  limit-request-body listen max-connections max-delegations max-quic-connections
  max-reprocesses max-spare-pipes mruby.handler mruby.handler-file mruby.handler_path
  neverbleed-offload num-name-resolution-threads num-ocsp-updaters num-quic-threads
  num-threads paths pid-file proxy-status.identity proxy.connect proxy.connect-udp
  proxy.connect.emit-proxy-status proxy.connect.masque-draft-03 proxy.connect.proxy-status
  proxy.emit-missing-date-header proxy.emit-via-header proxy.emit-x-forwarded-headers
  proxy.expect proxy.forward.close-connection proxy.happy-eyeballs.connection-attempt-delay
  proxy.happy-eyeballs.name-resolution-delay proxy.header.add proxy.header.append
  proxy.header.cookie.unset proxy.header.cookie.unsetunless proxy.header.merge
  proxy.header.set proxy.header.setifempty proxy.header.unset proxy.header.unsetunless
  proxy.http2.force-cleartext proxy.http2.max-concurrent-streams
  proxy.http2.max-concurrent_streams proxy.http2.ratio proxy.http3.ecn proxy.http3.ratio
  proxy.max-buffer-size proxy.max-spare-pipes proxy.preserve-host
  proxy.preserve-x-forwarded-proto proxy.proxy-protocol proxy.proxy-status.identity
  proxy.reverse.url proxy.ssl.cafile proxy.ssl.session-cache proxy.ssl.verify-peer
  proxy.timeout.connect proxy.timeout.first_byte proxy.timeout.io proxy.timeout.keepalive
  proxy.tunnel proxy.websocket proxy.websocket.timeout proxy.zerocopy quic-nodes redirect
  reproxy self-trace send-informational send-server-name server-name server-timing setenv
  soft-connection-limit soft-connection-limit.min-age ssl-offload ssl-session-resumption stash
  status strict-match tcp-fastopen tcp-reuseport temp-buffer-path temp-buffer-threshold
  throttle-response unsetenv user`.split(/\s+/);

Deno.test("Every directive of h2o is known by name", () => {
  const unknown = h2oDirectives.filter((name) =>
    !directiveTable.has(name) && !foreignDirectives.has(name)
  );
  assertEquals(unknown, []);
});

Deno.test("Directives that would change responses are refused with a reason, unless OFF", () => {
  for (const [name, foreign] of foreignDirectives) {
    if (foreign.outcome === "ignored") continue;
    const { plan, said } = built(`listen: 80\n${name}: ON\n${hosts}`);
    assertEquals([plan, said.length], [null, 1], name);
    assertEquals(said[0].endsWith(`directive of h2o: ${foreign.why}`), true, said[0]);
    const off = built(`listen: 80\n${name}: OFF\n${hosts}`);
    assertEquals(off.plan !== null, foreign.mayBeOff, name);
    if (foreign.mayBeOff) assertEquals(off.said, []);
  }
});
