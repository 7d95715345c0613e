import { assertEquals, assertThrows } from "@std/assert";
import { StartError } from "../../../../mod/base/errors.ts";
import { buildPlan } from "../../../../mod/proxy/directives/build.ts";
import { environmentConfig } from "../../../../mod/proxy/plan/environment_config.ts";
import type { ProxyPlan } from "../../../../mod/proxy/plan/plan.ts";

type Variables = Record<string, string>;
const source = { readText: () => "", environment: () => null };

function textOf(variables: Variables, withListen = true, file: string | null = null) {
  return environmentConfig((name) => variables[name], { withListen, file });
}

function planOf(variables: Variables, withListen = true): ProxyPlan {
  const text = textOf(variables, withListen);
  if (text === null) throw new Error("no configuration");
  const { plan, problems } = buildPlan(text, "environment", source, { needsListen: withListen });
  if (plan === null) throw new Error(problems.join("\n"));
  return plan;
}

function faultsOf(variables: Variables, file: string | null = null): string[] {
  const error = assertThrows(() => textOf(variables, true, file), StartError);
  assertEquals(error.exitCode, 78);
  return error.message.split("\n");
}

Deno.test("without UPSTREAM the variables mean no configuration", () => {
  assertEquals(textOf({}), null);
  assertEquals(textOf({ UPSTREAM: "", PORTS: "80", TLS_DOMAIN: "a.example" }), null);
});

Deno.test("UPSTREAM is a whole configuration that the parser takes", () => {
  const plan = planOf({
    UPSTREAM: "app1:3000, app2:3000 10.0.0.1 [::1]:80 unix:/run/app.sock",
    UPSTREAM_CHECK: '/health?a="b"',
    PORTS: "8080 127.0.0.1:81 /run/edge.sock",
    ACCESS_LOG: "/dev/stdout",
  });
  const [app] = plan.upstreams;
  assertEquals(app.peers.length, 3);
  assertEquals(app.named.length, 2);
  assertEquals(app.check?.type, "http");
  assertEquals(plan.listeners.map(({ address }) => address), [
    { kind: "tcp", host: "0.0.0.0", port: 8080 },
    { kind: "tcp", host: "::", port: 8080 },
    { kind: "tcp", host: "127.0.0.1", port: 81 },
    { kind: "unix", path: "/run/edge.sock" },
  ]);
  assertEquals(plan.hosts.map(({ name }) => name), ["default"]);
  assertEquals(plan.hosts[0].paths[0].settings.proxy.preserveHost, true);
});

Deno.test("UPSTREAM_CHECK=tcp connects only; none is no check", () => {
  assertEquals(
    planOf({ UPSTREAM: "a:1", UPSTREAM_CHECK: "tcp", PORTS: "80" }).upstreams[0].check?.type,
    "tcp",
  );
  assertEquals(planOf({ UPSTREAM: "a:1", PORTS: "80" }).upstreams[0].check, null);
});

Deno.test("TLS_DOMAIN orders for its names, which are hosts; HAYATE_CERT needs no CA", () => {
  const ordered = planOf({
    UPSTREAM: "a:1",
    TLS_DOMAIN: "www.example.com,example.com",
    ACME_EMAIL: "me@example.com",
    ACME_STATE: "memory",
  });
  assertEquals(ordered.hosts.map(({ name }) => name), [
    "default",
    "www.example.com",
    "example.com",
  ]);
  assertEquals(ordered.global.acme?.email, "me@example.com");
  assertEquals(ordered.global.acme?.state, "memory");
  const own = planOf({
    UPSTREAM: "a:1",
    PORTS: "443",
    HAYATE_CERT: "/c.pem",
    HAYATE_KEY: "/k.pem",
  });
  assertEquals(own.global.acme, null);
  assertEquals(own.listeners[0].tls?.certificates, [{
    certificateFile: "/c.pem",
    keyFile: "/k.pem",
  }]);
});

Deno.test("under a supervisor there is neither listen nor acme", () => {
  const plan = planOf({ UPSTREAM: "a:1", PORTS: "80 443", TLS_DOMAIN: "a.example" }, false);
  assertEquals(plan.listeners, []);
  assertEquals(plan.global.acme, null);
});

Deno.test("each fault is a line with what is allowed", () => {
  assertEquals(faultsOf({ UPSTREAM: "a:1" }, "/etc/hayate/h2o.conf"), [
    "UPSTREAM: cannot be used beside /etc/hayate/h2o.conf; use one or the other",
  ]);
  assertEquals(faultsOf({ UPSTREAM_CHECK: "/x", ACCESS_LOG: "-" }), [
    "UPSTREAM_CHECK, ACCESS_LOG: needs UPSTREAM, the servers to forward to",
  ]);
  assertEquals(faultsOf({ UPSTREAM: "http://a/ :80", UPSTREAM_CHECK: "x y", PORTS: "70000 443" }), [
    "PORTS: invalid port 70000: allowed are 0 to 65535",
    "443: speaks TLS, and needs TLS_DOMAIN, or HAYATE_CERT and HAYATE_KEY (hayate supervise makes a " +
    "self-signed pair)",
    "UPSTREAM: http://a/: not a server; allowed are host:port, [ipv6]:port and unix:/path, separated " +
    "by blanks or commas",
    "UPSTREAM: :80: not a server; allowed are host:port, [ipv6]:port and unix:/path, separated by " +
    "blanks or commas",
    "UPSTREAM_CHECK: x y: not a path such as /health, and not tcp",
  ]);
});
