import { assertEquals } from "@std/assert";
import {
  CheckState,
  type ProbeFault,
  probeFaultLine,
  probeFaultReason,
  transitionLine,
} from "../../../../mod/proxy/health/check_state.ts";
import { renderStatus, type StatusRow } from "../../../../mod/proxy/health/status_page.ts";

/** Notes a success for `+` and a failure for `-`; returns each transition. */
function run(state: CheckState, results: string): string {
  const marks = { up: "U", down: "D", none: "." };
  return results.split("").map((result) => marks[state.note(result === "+")]).join("");
}

Deno.test("CheckState.note() changes to up after rise successes in a row, to down after fall failures", () => {
  const rows: [boolean, string, string][] = [
    [true, "++", ".U"],
    [true, "+-++", "...U"],
    [true, "++---", ".U..D"],
    [true, "++--+---++", ".U.....D.U"],
    [false, "---", "..D"],
    [false, "--+--+++", "........"],
    [true, "-----", "....."],
  ];
  for (const [defaultDown, results, expected] of rows) {
    assertEquals(run(new CheckState(2, 3, defaultDown), results), expected, results);
  }
});

Deno.test("CheckState.note() increments its counters without a limit", () => {
  const state = new CheckState(2, 3, true);
  run(state, "+++++");
  assertEquals([state.riseCount, state.fallCount], [5, 0]);
  run(state, "----");
  assertEquals([state.riseCount, state.fallCount], [0, 4]);
});

Deno.test("Log lines are Tengine's, with the trailing blank", () => {
  assertEquals(transitionLine("up", "127.0.0.1:80"), "enable check peer: 127.0.0.1:80 ");
  assertEquals(transitionLine("down", "127.0.0.1:80"), "disable check peer: 127.0.0.1:80 ");
  assertEquals(probeFaultLine("timeout", "a"), "check time out with peer: a ");
  assertEquals(probeFaultLine("status", "a"), "check protocol http error with peer: a ");
  assertEquals(probeFaultLine("statusLine", "a"), "http parse status line error with peer: a ");
  assertEquals(probeFaultLine("handshake", "a", "tls"), "check protocol tls error with peer: a ");
  assertEquals(
    probeFaultLine("closed", "a"),
    "check peer closed connection with an incomplete response, peer: a ",
  );
});

const rows: StatusRow[] = [
  {
    index: 0,
    upstream: "backend",
    name: "192.168.0.1:80",
    isDown: false,
    rise: 58,
    fall: 0,
    type: "http",
    port: 80,
  },
  {
    index: 1,
    upstream: "backend",
    name: "192.168.0.2:80",
    isDown: true,
    rise: 0,
    fall: 3,
    type: "tcp",
    port: 0,
  },
];

Deno.test("renderStatus() writes Tengine's bytes in every format", () => {
  assertEquals(renderStatus(rows, 3, "format=csv", "html"), {
    contentType: "text/plain",
    body: "0,backend,192.168.0.1:80,up,58,0,http,80\n1,backend,192.168.0.2:80,down,0,3,tcp,0\n",
    complaints: [],
  });
  assertEquals(
    renderStatus(rows, 3, "format=json", "html").body,
    `{"servers": {
  "total": 2,
  "up": 1,
  "down": 1,
  "generation": 3,
  "server": [
    {"index": 0, "upstream": "backend", "name": "192.168.0.1:80", "status": "up", "rise": 58, "fall": 0, "type": "http", "port": 80},
    {"index": 1, "upstream": "backend", "name": "192.168.0.2:80", "status": "down", "rise": 0, "fall": 3, "type": "tcp", "port": 0}
  ]
}}
`,
  );
  const html = renderStatus(rows, 3, "", "html");
  assertEquals(html.contentType, "text/html");
  assertEquals(
    html.body.startsWith('<!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.0 Strict//EN\n"http:'),
    true,
  );
  assertEquals(
    html.body.includes(`<h2>Check upstream server number: 2, generation: 3</h2>
<table style="background-color:white" cellspacing="0"        cellpadding="3" border="1">
  <tr bgcolor="#C0C0C0">
    <th>Index</th>
    <th>Upstream</th>
    <th>Name</th>
    <th>Status</th>
    <th>Rise counts</th>
    <th>Fall counts</th>
    <th>Check type</th>
    <th>Check port</th>
  </tr>
  <tr>
    <td>0</td>
    <td>backend</td>
    <td>192.168.0.1:80</td>
    <td>up</td>
    <td>58</td>
    <td>0</td>
    <td>http</td>
    <td>80</td>
  </tr>
  <tr bgcolor="#FF0000">
    <td>1</td>
`),
    true,
  );
});

Deno.test("renderStatus() filters rows and totals, and keeps the index", () => {
  const down = JSON.parse(renderStatus(rows, 1, "status=DOWN&format=json", "html").body).servers;
  assertEquals([down.total, down.up, down.down, down.server[0].index], [1, 0, 1, 1]);
  assertEquals(renderStatus([rows[1]], 1, "status=up", "csv").body, "");
});

Deno.test("renderStatus() reports bad arguments and uses the default", () => {
  const page = renderStatus(rows, 1, "format=HTML&status=x", "csv");
  assertEquals(page.contentType, "text/plain");
  assertEquals(page.complaints, [
    'http upstream check, bad argument: "HTML"',
    'http upstream check, bad argument: "x"',
  ]);
});

Deno.test("renderStatus() writes Prometheus text with a type for every name", () => {
  const { body } = renderStatus(rows, 7, "", "prometheus");
  const types = body.split("\n").filter((line) => line.startsWith("# TYPE")).map((line) =>
    line.slice(7)
  );
  assertEquals(types, [
    "nginx_upstream_count_total gauge",
    "nginx_upstream_count_up gauge",
    "nginx_upstream_count_down gauge",
    "nginx_upstream_count_generation gauge",
    "nginx_upstream_server_rise counter",
    "nginx_upstream_server_fall counter",
    "nginx_upstream_server_active gauge",
  ]);
  const labels = 'index="1",upstream="backend",name="192.168.0.2:80"';
  assertEquals(
    body.includes(`nginx_upstream_server_fall{${labels},status="down",type="tcp",port="0"} 3\n`),
    true,
  );
  assertEquals(
    body.includes(`nginx_upstream_server_active{${labels},type="tcp",port="0"} 0\n`),
    true,
  );
});

Deno.test("probeFaultReason() says why a probe failed, with what the probe itself says", () => {
  const rows: [ProbeFault, string, string][] = [
    ["timeout", "", "no result within 1.5 s"],
    ["timeout", "loading", "no result within 1.5 s: loading"],
    ["refused", "connection refused", "connection refused"],
    ["status", "the status is 503", "the status is 503"],
    ["match", "", "it failed (match)"],
    ["closed", "", "the connection was closed before the answer was complete"],
    ["handshake", "expired", "the TLS handshake failed: expired"],
    ["command", "x".repeat(300), `${"x".repeat(200)}...`],
    // A peer must not write to an operator's terminal.
    ["match", "a\x1b[2Jb\u009bc\r\nd", "a [2Jb c d"],
  ];
  for (const [fault, note, expected] of rows) {
    assertEquals(probeFaultReason(fault, note, 1500), expected);
  }
});
