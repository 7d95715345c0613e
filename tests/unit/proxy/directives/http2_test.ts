import { assertEquals, assertMatch } from "@std/assert";
import { buildPlan } from "../../../../mod/proxy/directives/build.ts";
import { globalDefaults } from "../../../../mod/proxy/plan/defaults.ts";

const source = { readText: () => "", environment: () => null };

function build(text: string) {
  return buildPlan(
    `${text}\nhosts: {default: {paths: {/: {status: ON}}}}\n`,
    "f",
    source,
    { needsListen: true },
  );
}

Deno.test("the directives of HTTP/2 have h2o's names and units", () => {
  const { plan } = build(`listen: 80
http2: ON
http2-idle-timeout: 20
http2-graceful-shutdown-timeout: 5
http2-max-streams: 50
http2-max-concurrent-requests-per-connection: 40
http2-max-concurrent-streaming-requests-per-connection: 3
http2-input-window-size: 1000000
http2-dos-delay: 250
http2-reprioritize-blocking-assets: OFF
http2-waiting-output-per-connection: 1000000
http2-waiting-output-per-listener: 9000000000
http2-limits: {resets: 10 2, continuations: 3, pings: 7}`);
  const { limits, ...rest } = plan!.global.http2;
  assertEquals(rest, {
    isOn: true,
    idleTimeoutMs: 20_000,
    gracefulTimeoutMs: 5000,
    streamsMax: 50,
    requestsMax: 40,
    streamingMax: 3,
    windowBytes: 1_000_000,
    dosDelayMs: 250,
    ranksAssets: false,
    queued: { connectionBytesMax: 1_000_000, serverBytesMax: 9_000_000_000 },
  });
  const defaults = globalDefaults().http2.limits;
  assertEquals(limits, {
    ...defaults,
    resets: { burst: 10, perSecond: 2 },
    pings: { burst: 7, perSecond: 0 },
    continuationsMax: 3,
  });
  assertEquals(plan!.notices, []);
});

Deno.test("http2 may be off globally, and on for one listener", () => {
  const { plan } = build(`http2: OFF
listen:
  - {host: 127.0.0.1, port: 80}
  - {host: 127.0.0.1, port: 81, http2: ON}`);
  assertEquals(plan!.listeners.map(({ http2 }) => http2), [false, true]);
  const { problems } = build(`listen:
  - {host: 127.0.0.1, port: 80}
  - {host: 127.0.0.1, port: 80, http2: OFF}`);
  assertMatch(problems.join("\n"), /listen\.http2: line 2 has another value for this address/);
});

Deno.test("limits of HTTP/2 that are none are named with what is allowed", () => {
  const { problems } = build(
    "listen: 80\nhttp2-limits: {resets: many, continuations: 3 4, resetz: 1}",
  );
  assertEquals(problems.length, 3);
  assertMatch(problems[0], /http2-limits\.resets: found `many`; allowed: BURST/);
  assertMatch(problems[1], /http2-limits\.continuations: found `3 4`; allowed: a number/);
  assertMatch(problems[2], /unknown key: resetz \(did you mean resets\?\)/);
});
