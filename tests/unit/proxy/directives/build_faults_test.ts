/** Every fault of a line, and of what a faulty line contains, is reported at once. */
import { assertEquals } from "@std/assert";
import { anyHost } from "../../../../mod/proxy/directives/draft/drafts.ts";
import { buildPlan } from "../../../../mod/proxy/directives/build.ts";

const source = { readText: () => "", environment: () => null };
const rest = "listen: 80\nhosts: {default: {paths: {/: {status: ON}}}}\n";

function problemsOf(text: string): readonly string[] {
  return buildPlan(text, "f", source, { needsListen: true }).problems;
}

function noticesOf(text: string, host = anyHost): readonly string[] {
  const { plan, problems } = buildPlan(text, "f", source, { needsListen: true, host });
  if (plan === null) throw new Error(problems.join("\n"));
  return plan.notices;
}

/** Keys of an upstream with a server -> the start of each fault's text, after `[f:N] `. */
const rows: readonly [keys: string, faults: string[]][] = [
  ['servers: ["a:99999 weight=0 bakcup max_fails=x"]', [
    "servers: found `a:99999`; allowed: host",
    "servers: found `weight=0`; allowed: 1 to 65535",
    "servers: found `bakcup` (did you mean backup?); allowed: weight=N",
    "servers: found `max_fails=x`; allowed: a number",
  ]],
  ["servers: [a]\n    check: interval=0 tpye=http rise=2 fall=-1", [
    'check: invalid parameter "interval=0"; allowed',
    'check: invalid parameter "tpye=http" (did you mean type?)',
    'check: invalid parameter "fall=-1"; allowed',
  ]],
  ["servers: [a]\n    check: type=http\n    check_http_expect_alive: http_2xx http_6xx 3xx", [
    "check_http_expect_alive: found `http_6xx`",
    "check_http_expect_alive: found `3xx`",
  ]],
  ["servers: [a]\n    check: type=http\n    check_match: {status: 200 2 600}", [
    "check_match: found `2`",
    "check_match: found `600`",
  ]],
  ["servers: [a]\n    sticky: cookie a;b exprires=1h samesite=x", [
    "sticky: cookie needs the cookie's name",
    "sticky: found `exprires=1h` (did you mean expires?)",
    "sticky: found `samesite=x`; allowed: strict, lax, none",
  ]],
  ["servers: [a]\n    sticky: route $a $b_c $cookie_x", [
    "sticky: found `$a`",
    "sticky: found `$b_c`",
  ]],
  ["servers: [a]\n    session_sticky: mode=append cookie=; fallbak=on hash=sha", [
    "session_sticky: found `mode=append`",
    "session_sticky: found `cookie=;`",
    "session_sticky: found `fallbak=on` (did you mean fallback?)",
    "session_sticky: found `hash=sha`",
  ]],
  ["servers: [a]\n    resolver: nowhere 10.0.0.1:0 vaild=3s attempts=0", [
    "resolver: found `nowhere`",
    "resolver: found `10.0.0.1:0`",
    "resolver: found `vaild=3s` (did you mean valid?)",
    "resolver: found `attempts=0`; allowed: 1 to 10",
  ]],
  ["servers: [a]\n    next_upstream: eror timeout http_999", [
    "next_upstream: found `eror` (did you mean error?)",
    "next_upstream: found `http_999`",
  ]],
  ["servers: [a]\n    retry_budget: 2000% min=x", [
    "retry_budget: found `2000%`",
    "retry_budget: found `min=x`",
  ]],
  ["servers: [a]\n    outlier: error_rate=0% latency=1x", [
    "outlier: found `error_rate=0%`",
    "outlier: found `latency=1x`",
  ]],
  ["servers: [a]\n    request_buffer: memroy=1k file=x", [
    "request_buffer: found `memroy=1k` (did you mean memory?)",
    "request_buffer: found `file=x`",
  ]],
  ["severs: [a]\n    balance: least_con", [
    "upstreams: app has no servers",
    "upstreams: unknown key: severs (did you mean servers?)",
    "balance: found `least_con` (did you mean least_conn?)",
  ]],
];

for (const [keys, faults] of rows) {
  Deno.test(`All faults at once: ${keys.replaceAll(/\s+/g, " ")}`, () => {
    const found = problemsOf(`upstreams:\n  app:\n    ${keys}\n${rest}`);
    const shown = found.map((line, index) =>
      line.replace(/^\[f:\d+\] /, "").slice(0, faults[index]?.length)
    );
    assertEquals(shown, faults, found.join("\n"));
  });
}

Deno.test("The contents of a faulty name are still read", () => {
  const text = `listen: {port: x, host: "a b"}
upstreams:
  a/b: {servers: ["a weigth=2"]}
hosts:
  "a:b:c":
    paths:
      nowhere: {statsu: ON}
`;
  assertEquals(problemsOf(text).map((line) => line.split("; allowed")[0]), [
    "[f:1] listen.port: found `x`",
    "[f:1] listen.host: found `a b`",
    "[f:3] upstreams: found `a/b`",
    "[f:3] servers: found `weigth=2` (did you mean weight?)",
    "[f:5] hosts: found `a:b:c`",
    "[f:7] paths: found `nowhere`",
    "[f:7] unknown directive: statsu (did you mean status?)",
  ]);
});

/** URL -> the notice about its host; upstreams are `backend` and `api`. */
const urls: readonly [url: string, notice: string | null][] = [
  ["http://backend/", null],
  ["http://bakend/", "no upstream is named bakend (did you mean backend?)"],
  ["http://backends/x", "no upstream is named backends (did you mean backend?)"],
  ["http://backend:8080/", "the upstream backend is meant by backend without a port"],
  ["http://elsewhere.example/", null],
  ["http://127.0.0.1/", null],
  ["http://[unix:/run/backend]/", null],
];

for (const [url, notice] of urls) {
  Deno.test(`proxy.reverse.url: ${url}: ${notice ?? "no notice"}`, () => {
    const text = `listen: 80
upstreams: {backend: {servers: [10.0.0.1]}, api: {servers: [10.0.0.2]}}
hosts: {default: {paths: {/: {proxy.reverse.url: "${url}"}}}}
`;
    const authority = url.slice(7).split("/")[0];
    const start = `[f:3] proxy.reverse.url: ${authority} is looked up as a host name; `;
    assertEquals(noticesOf(text), notice === null ? [] : [start + notice]);
  });
}

Deno.test("A missing folder or file is reported with its line", () => {
  const text = `listen: 80
hosts:
  default:
    paths:
      /: {file.dir: /there}
      /a: {file.dir: /gone}
      /b: {file.file: /gone.html}
`;
  const inspectPath = (path: string, isFolder: boolean) =>
    path === "/there" ? null : isFolder ? "no such folder" : "no such file";
  assertEquals(noticesOf(text, { inspectPath }), [
    "[f:6] file.dir: /gone: no such folder",
    "[f:7] file.file: /gone.html: no such file",
  ]);
});

/** TLS settings of a global listener and of a host's on the same address -> the fault's key. */
const sharedAddresses: readonly [global: string, host: string, fault: string | null][] = [
  ["ssl: {certificate-file: a, key-file: b}", "ssl: {certificate-file: c, key-file: d}", null],
  ["ssl: {certificate-file: a, key-file: b}", "", "ssl"],
  ["", "ssl: {certificate-file: c, key-file: d}", "ssl"],
  [
    "ssl: {certificate-file: a, key-file: b}",
    "ssl: {certificate-file: c, key-file: d, client-ca-file: e}",
    "ssl.client-ca-file",
  ],
];

for (const [shared, own, fault] of sharedAddresses) {
  Deno.test(`an address with ${shared || "no TLS"} and ${own || "no TLS"}`, () => {
    const problems = problemsOf(`listen: {port: 443, ${shared}}
hosts:
  default: {paths: {/: {status: ON}}}
  a.test:
    listen: {port: 443, ${own}}
    paths: {/: {status: ON}}
`);
    const text = `listen.${fault}: line 1 has another value for this address`;
    assertEquals(problems, fault === null ? [] : [`[f:5] ${text}`]);
  });
}
