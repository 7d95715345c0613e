import { assertEquals } from "@std/assert";
import { buildPlan } from "../../../../mod/proxy/directives/build.ts";
import { checkDefaults } from "../../../../mod/proxy/directives/upstream/check_line.ts";
import type { ProxyPlan } from "../../../../mod/proxy/plan/plan.ts";

const source = {
  readText: (path: string): string => {
    throw new Error(`no ${path}`);
  },
  environment: () => null,
};

function build(text: string): ProxyPlan {
  const { plan, problems } = buildPlan(text, "h2o.conf", source, { needsListen: true });
  if (plan === null) throw new Error(problems.join("\n"));
  return plan;
}

function problemsOf(text: string): readonly string[] {
  return buildPlan(text, "h2o.conf", source, { needsListen: true }).problems;
}

const seed = `listen:
  port: 8080
  host: 0.0.0.0
hosts:
  "127.0.0.1.xip.io":
    paths:
      /:
       proxy.reverse.url: http://localhost:8081/
       proxy.preserve-host: ON
`;

Deno.test("buildPlan() reads the experiment's file unchanged", () => {
  const plan = build(seed);
  assertEquals(plan.listeners.map((listen) => [listen.address, listen.hosts]), [
    [{ kind: "tcp", host: "0.0.0.0", port: 8080 }, [0]],
  ]);
  const [host] = plan.hosts;
  assertEquals([host.name, host.port, host.paths.length], ["127.0.0.1.xip.io", 0, 1]);
  const [path] = host.paths;
  assertEquals(path.settings.proxy.preserveHost, true);
  assertEquals(path.handlers, [{
    kind: "proxy",
    upstream: 0,
    authority: "localhost:8081",
    basePath: "/",
  }]);
  assertEquals(plan.upstreams[0].peers[0].address, { kind: "tcp", host: "localhost", port: 8081 });
  assertEquals(plan.notices, []);
});

Deno.test("buildPlan() inherits settings downward and separates siblings", () => {
  const plan = build(`listen: 80
file.index: [a.html]
access-log: /all.log
hosts:
  a:
    access-log: /a.log
    paths:
      /x: {file.dir: /x, file.dirlisting: ON}
      /y: {file.dir: /y}
  b:
    paths: {/: {file.dir: /b}}
`);
  const [x, y] = plan.hosts[0].paths;
  assertEquals([x.settings.file.dirListing, y.settings.file.dirListing], [true, false]);
  assertEquals(x.settings.file.indexFiles, ["a.html"]);
  assertEquals(y.settings.accessLogs.map((log) => log.target), ["/all.log", "/a.log"]);
  assertEquals(plan.hosts[1].paths[0].settings.accessLogs.map((log) => log.target), ["/all.log"]);
});

Deno.test("buildPlan() applies repeated directives in order, and settings before handlers", () => {
  const plan = build(`hosts:
  a:
    paths:
      /:
        proxy.reverse.url: http://h/
        header.add: "X-A: 1"
        header.add: "X-A: 2"
        proxy.timeout.keepalive: 0
listen: 80
listen: {port: /tmp/s, type: unix, permission: 600}
`);
  const [path] = plan.hosts[0].paths;
  assertEquals(path.settings.responseRules.map((rule) => rule.value), ["1", "2"]);
  assertEquals(plan.upstreams[0].keepaliveMax, 0);
  assertEquals(plan.listeners.map((listen) => listen.address), [
    { kind: "tcp", host: "0.0.0.0", port: 80 },
    { kind: "tcp", host: "::", port: 80 },
    { kind: "unix", path: "/tmp/s" },
  ]);
  assertEquals(plan.listeners[2].mode, 0o600);
});

Deno.test("buildPlan() serves a host with its own listen only there", () => {
  const plan = build(`listen: {port: 1, host: 127.0.0.1}
hosts:
  a: {paths: {/: {status: ON}}}
  b: {listen: {port: 2, host: 127.0.0.1}, paths: {/: {status: ON}}}
`);
  assertEquals(plan.listeners.map((listen) => listen.hosts), [[0], [1]]);
});

Deno.test("buildPlan() reads a sequence of handlers for one path", () => {
  const plan = build(`listen: 80
hosts:
  a:
    paths:
      /:
        - file.dir: /srv
        - proxy.reverse.url: http://[unix:/tmp/u]/base
`);
  assertEquals(plan.hosts[0].paths[0].handlers.map((handler) => handler.kind), ["file", "proxy"]);
  assertEquals(plan.upstreams[0].peers[0].address, { kind: "unix", path: "/tmp/u" });
});

Deno.test("buildPlan() reads upstreams and uses one that a URL names", () => {
  const plan = build(`hosts:
  a: {paths: {/: {proxy.reverse.url: http://app/}, /b: {proxy.reverse.url: "http://app:81/"}}}
listen: 80
upstreams:
  app:
    servers: ["127.0.0.1:8081 weight=2 max_fails=3 fail_timeout=5", "h", "unix:/tmp/c.sock backup"]
    balance: least_conn
    keepalive: 64
    check: interval=1000 rise=2 fall=3 timeout=1000 type=http default_down=true
    check_http_send: "GET /live.html HTTP/1.1\\r\\nConnection: close\\r\\nHost: localhost\\r\\n\\r\\n"
    check_http_expect_alive: http_2xx
    next_upstream: error timeout http_502
`);
  const [app, other] = plan.upstreams;
  assertEquals([app.name, app.implicit, other.implicit], ["app", false, true]);
  assertEquals(
    app.peers.map((
      peer,
    ) => [peer.name, peer.weight, peer.failsMax, peer.failTimeoutMs, peer.backup]),
    [
      ["127.0.0.1:8081", 2, 3, 5000, false],
      ["h", 1, 1, 10_000, false],
      ["unix:/tmp/c.sock", 1, 1, 10_000, true],
    ],
  );
  assertEquals(app.check, {
    ...checkDefaults,
    type: "http",
    intervalMs: 1000,
    timeoutMs: 1000,
    rise: 2,
    fall: 3,
    defaultDown: true,
    port: 0,
    send: "GET /live.html HTTP/1.1\r\nConnection: close\r\nHost: localhost\r\n\r\n",
    aliveClasses: 4,
  });
  assertEquals(app.retry.conditions, 1 | 2 | 16);
});

/** Rows: label, the path's body or a whole file, the lines reported. */
const faults: [string, string, string[]][] = [
  ["an unknown directive", "listen: 80\nhosst: {}", [
    "[h2o.conf:2] unknown directive: hosst (did you mean hosts?)",
  ]],
  ["nothing like it", "banana: 1", ["[h2o.conf:1] unknown directive: banana"]],
  ["a wrong level", "listen: 80\nproxy.reverse.url: http://a/", [
    "[h2o.conf:2] proxy.reverse.url: the directive cannot be used at this level (found at global level; allowed: path)",
  ]],
  ["a sequence for a scalar", "num-threads: {a: b}", [
    "[h2o.conf:1] num-threads: the value cannot be a mapping; allowed: a number from 1 to 256",
  ]],
  ["a wrong CPU", "num-threads: [0-1, x]", [
    "[h2o.conf:1] num-threads: found `x`; allowed: a CPU from 0 to 8191, or a range such as 0-3",
  ]],
  ["too many CPUs", "num-threads: [0-255, 0]", [
    "[h2o.conf:1] num-threads: the value names 257 CPUs; allowed: up to 256",
  ]],
  ["a wrong switch", "proxy.preserve-host: maybe", [
    "[h2o.conf:1] proxy.preserve-host: found `maybe`; allowed: ON or OFF",
  ]],
  ["a wrong port", "listen: 80800", [
    "[h2o.conf:1] listen: found `80800`; allowed: a port from 0 to 65535, or a mapping with `port`",
  ]],
  ["an unknown key", "listen:\n  prot: 80", [
    "[h2o.conf:2] listen: unknown key: prot (did you mean port?); allowed: port, host, type, ssl, proxy-protocol, permission, http2, quic, owner, group, cc, initcwnd, sndbuf, rcvbuf",
    "[h2o.conf:2] listen: `port` is missing",
  ]],
  [
    "a foreign handler",
    "listen: 80\nhosts:\n  a:\n    paths:\n      /:\n        mruby.handler: x",
    [
      "[h2o.conf:6] mruby.handler: hayate does not support this directive of h2o: it runs no Ruby",
    ],
  ],
  ["an empty file", "{}", [
    "[h2o.conf:1] mandatory configuration directive `hosts` is missing",
    "[h2o.conf:1] mandatory configuration directive `listen` is missing",
  ]],
  [
    "all errors at once, in order",
    "gzip: x\nhosts:\n  a:\n    paths:\n      /:\n        proxy.reverse.url: ftp://x\nlisten: x",
    [
      "[h2o.conf:1] gzip: found `x`; allowed: ON or OFF",
      "[h2o.conf:6] proxy.reverse.url: found `ftp://x`: the scheme ftp is not supported; allowed: http://host[:port]/path or http://[unix:/path]/path",
      "[h2o.conf:7] listen: found `x`; allowed: a port from 0 to 65535, or a mapping with `port`",
    ],
  ],
  [
    "check lines in Tengine's words",
    "upstreams:\n  a:\n    servers: h\n    check: interval=0\n  b:\n    servers: h\n    check_http_send: x\n  c:\n    servers: h\n    check: type=tcp\n    check_http_send: x",
    [
      '[h2o.conf:4] check: invalid parameter "interval=0"; allowed: interval=MS, rise=N, fall=N, timeout=MS, default_down=true|false, type=tcp|http|tls|https|grpc|exec, port=N, jitter=MS, fastinter=MS, downinter=MS, verify=true|false, grpc_service=NAME',
      "[h2o.conf:7] invalid check_http_send should set [check] first",
      '[h2o.conf:11] invalid check_http_send for type "tcp"',
    ],
  ],
  [
    "HTTP/2 without TLS for a part of the requests",
    "proxy.http2.ratio: 50\nproxy.http2.force-cleartext: ON\nupstreams:\n  a:\n    servers: h\n    http2_ratio: 100\nhosts:\n  x:\n    paths:\n      /:\n        proxy.reverse.url: http://h:1/\n      /a: {proxy.reverse.url: http://a/}",
    [
      "[h2o.conf:11] proxy.http2.force-cleartext: h:1: HTTP/2 without TLS is all or nothing; allowed: proxy.http2.ratio: 100",
    ],
  ],
  ["server lines", "upstreams:\n  a:\n    servers:\n      - h wieght=2\n      - a b\n      - :80", [
    "[h2o.conf:4] servers: found `wieght=2` (did you mean weight?); allowed: weight=N, max_fails=N, fail_timeout=TIME, max_conns=N, slow_start=TIME, route=TEXT, service=NAME, backup, down, drain, resolve",
    "[h2o.conf:5] servers: found `b` (did you mean backup?); allowed: weight=N, max_fails=N, fail_timeout=TIME, max_conns=N, slow_start=TIME, route=TEXT, service=NAME, backup, down, drain, resolve",
    "[h2o.conf:6] servers: found `:80`; allowed: host, host:port, [v6]:port, unix:/path",
  ]],
  ["no servers", "upstreams:\n  a:\n    servers: []", [
    "[h2o.conf:2] upstreams: a has no servers",
  ]],
  ["a key of no variable", "upstreams:\n  a:\n    servers: h\n    balance: hash $nope", [
    "[h2o.conf:4] balance: found `$nope`; allowed: $remote_addr, $request_uri, $uri, $args, $host, $arg_NAME, $http_NAME, $cookie_NAME",
  ]],
  ["access logs", 'access-log: "|"\naccess-log: {path: /a, format: "%Z"}', [
    "[h2o.conf:1] access-log: log target | has no command",
    "[h2o.conf:2] access-log: access-log format: unknown conversion %Z, known are %A %b %H %h %l %m %p %q %r %s %t %U %u %V %v",
  ]],
  ["a field that would split the response", 'header.add: "A: b\\r\\nC: d"', [
    "[h2o.conf:1] header.add: found `A: b\\r\\nC: d`; allowed: `Name: value`",
  ]],
];

Deno.test("buildPlan() reports what was found, where, and what is allowed", () => {
  for (const [label, text, expected] of faults) assertEquals(problemsOf(text), expected, label);
});

Deno.test("buildPlan() names the directives of h2o that hayate ignores", () => {
  const plan = build(`http2-push-preload: ON\n${seed}`);
  assertEquals(plan.notices, [
    "[h2o.conf:1] http2-push-preload: hayate does not support this directive of h2o; it is ignored",
  ]);
});

Deno.test("DRAIN_TIMEOUT is the default of drain-timeout", () => {
  const text = "listen: 80\nhosts: {default: {paths: {/: {status: ON}}}}\n";
  const built = (value: string, more = "") =>
    buildPlan(text + more, "h2o.conf", {
      ...source,
      environment: (name) => name === "DRAIN_TIMEOUT" ? value : null,
    }, { needsListen: true });
  assertEquals(built("8").plan?.global.drainTimeoutMs, 8000);
  assertEquals(built("500ms").plan?.global.drainTimeoutMs, 500);
  assertEquals(built("").plan?.global.drainTimeoutMs, 30_000);
  assertEquals(built("8", "drain-timeout: 9\n").plan?.global.drainTimeoutMs, 9000);
  assertEquals(built("soon").problems, [
    "[h2o.conf:1] DRAIN_TIMEOUT=soon in the environment: not a time such as 10, 500ms, 2s or 1.5m",
  ]);
});
