import { assertEquals } from "@std/assert";
import { buildPlan } from "../../../../../mod/proxy/directives/build.ts";
import { parseCheck } from "../../../../../mod/proxy/directives/upstream/check_line.ts";
import {
  parseBody,
  parseField,
  parseStatus,
} from "../../../../../mod/proxy/directives/upstream/check_match.ts";
import type { CheckPlan } from "../../../../../mod/proxy/plan/check_plan.ts";

const source = {
  readText: () => "",
  environment: () => null,
};

/** The check of an upstream with these lines, or the problems. */
function build(...lines: string[]): CheckPlan | readonly string[] | null {
  const text = `listen: 80
upstreams:
  a:
    servers: 127.0.0.1
${lines.map((line) => `    ${line}`).join("\n")}
hosts: {default: {paths: {/: {proxy.reverse.url: "http://a/"}}}}
`;
  const { plan, problems } = buildPlan(text, "h2o.conf", source, { needsListen: true });
  return plan === null ? problems : plan.upstreams[0].check;
}

Deno.test("parseCheck() knows every type and reports what is allowed", () => {
  const types: [string, string][] = [
    ["tcp", "tcp"],
    ["http", "http"],
    ["https", "https"],
    ["tls", "tls"],
    ["ssl_hello", "tls"],
    ["grpc", "grpc"],
    ["exec", "exec"],
  ];
  for (const [word, type] of types) {
    assertEquals((parseCheck(`type=${word}`) as CheckPlan).type, type);
  }
  assertEquals(
    parseCheck("type=mysql"),
    'invalid parameter "type=mysql": a type of Tengine\'s that hayate lacks; ' +
      "allowed types: tcp, http, tls, https, grpc, exec",
  );
  assertEquals(
    parseCheck("type=smtp"),
    'invalid parameter "type=smtp"; allowed types: tcp, http, tls, https, grpc, exec',
  );
});

Deno.test("parseCheck() reads intervals, jitter and trust", () => {
  const check = parseCheck("interval=1000 jitter=50 fastinter=100 downinter=9000 verify=TRUE");
  const { intervalMs, jitterMs, fastIntervalMs, downIntervalMs, tlsVerify } = check as CheckPlan;
  assertEquals([intervalMs, jitterMs, fastIntervalMs, downIntervalMs], [1000, 50, 100, 9000]);
  assertEquals(tlsVerify, true);
  assertEquals(
    String(parseCheck("intervall=5")).split(";")[0],
    'invalid parameter "intervall=5" (did you mean interval?)',
  );
});

Deno.test("parseStatus() reads codes, ranges and their negation", () => {
  assertEquals(parseStatus("200-399 404"), { wanted: [[200, 399], [404, 404]], unwanted: [] });
  assertEquals(parseStatus("! 500"), { wanted: [], unwanted: [[500, 500]] });
  for (const text of ["", "2xx", "399-200", "600", "!"]) {
    assertEquals(typeof parseStatus(text), "string", text);
  }
});

Deno.test("parseField() and parseBody() refuse invalid tests", () => {
  for (const text of ["", ": x", "a b c", "Server: ~ ("]) {
    assertEquals(typeof parseField(text), "string", text);
  }
  for (const text of ["", "ok", "~", "~ [", "!"]) {
    assertEquals(typeof parseBody(text), "string", text);
  }
});

Deno.test("check_match is a mapping whose header is a text, sequence or mapping", () => {
  const checks = [
    'check_match: {status: [200-299, "! 204"], header: "X-Ready: yes"}',
    'check_match: {status: [200-299, "! 204"], header: ["X-Ready: yes"]}',
    'check_match: {status: [200-299, "! 204"], header: {X-Ready: yes}}',
  ].map((line) => build("check: type=http", line) as CheckPlan);
  for (const { match } of checks) {
    assertEquals(match, {
      status: { wanted: [[200, 299]], unwanted: [[204, 204]] },
      fields: [{ name: "x-ready", kind: "equal", negated: false, value: "yes", ignoreCase: false }],
      body: null,
    });
  }
});

Deno.test("check_exec is a text for the shell, or a program and arguments", () => {
  const command = (line: string) => (build("check: type=exec", line) as CheckPlan).command;
  assertEquals(command('check_exec: "probe --fast"'), ["/bin/sh", "-c", "probe --fast"]);
  assertEquals(command('check_exec: [probe, "--fast x"]'), ["probe", "--fast x"]);
});

Deno.test("Check keys that do not fit the type are reported with their lines", () => {
  assertEquals(build("check: type=exec"), [
    "[h2o.conf:5] check: type=exec needs check_exec: COMMAND",
  ]);
  assertEquals(build("check: type=exec", 'check_exec: ""'), [
    "[h2o.conf:6] check_exec: the command is empty",
  ]);
  assertEquals(build("check: type=tcp", "check_match: {status: 200}", "check_exec: x"), [
    '[h2o.conf:6] invalid check_match for type "tcp"',
    '[h2o.conf:7] invalid check_exec for type "tcp"',
  ]);
  assertEquals(build("check_match: {}"), [
    "[h2o.conf:5] invalid check_match should set [check] first",
  ]);
  assertEquals(build("check: type=http", "check_match: {state: 200}"), [
    "[h2o.conf:6] check_match: unknown key: state (did you mean status?); allowed: status, header, body",
  ]);
  assertEquals(build("check: type=http", 'check_match: {header: "!"}'), [
    "[h2o.conf:6] check_match: found `!`; " +
    "allowed: NAME, ! NAME, NAME: VALUE, NAME: ! VALUE, NAME: ~ PATTERN, NAME: !~ PATTERN",
  ]);
  assertEquals(build("check: type=http", "check_match: {body: ok}"), [
    "[h2o.conf:6] check_match: found `ok`; " +
    "allowed: ~ PATTERN, ~* PATTERN, !~ PATTERN, !~* PATTERN",
  ]);
});
