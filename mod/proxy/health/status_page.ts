/** Tengine's `check_status` page: four formats, byte for byte, and its query arguments. */
import type { CheckStatusFormat } from "../plan/plan.ts";

/** One checked peer. */
export interface StatusRow {
  /** Position among all checked peers, regardless of the filter. */
  readonly index: number;
  readonly upstream: string;
  /** The traffic address. */
  readonly name: string;
  readonly isDown: boolean;
  readonly rise: number;
  readonly fall: number;
  readonly type: string;
  /** The `port=` of the check; 0 without one. */
  readonly port: number;
}

export interface StatusPage {
  readonly contentType: string;
  readonly body: string;
  /** Log lines about invalid arguments. */
  readonly complaints: readonly string[];
}

const contentTypes: Readonly<Record<CheckStatusFormat, string>> = {
  html: "text/html",
  csv: "text/plain",
  json: "application/json",
  prometheus: "text/plain",
};

/** Renders the page for a query such as `format=json&status=down` (without its `?`). */
export function renderStatus(
  rows: readonly StatusRow[],
  generation: number,
  query: string,
  formatDefault: CheckStatusFormat,
): StatusPage {
  const complaints: string[] = [];
  const complain = (value: string) =>
    complaints.push(`http upstream check, bad argument: "${value}"`);
  let format = formatDefault;
  const wanted = argument(query, "format");
  if (wanted !== null) {
    if (Object.hasOwn(contentTypes, wanted)) format = wanted as CheckStatusFormat;
    else complain(wanted);
  }
  const status = argument(query, "status");
  let shown = rows;
  if (status !== null) {
    const word = status.toLowerCase();
    if (word === "up" || word === "down") {
      shown = rows.filter((row) => row.isDown === (word === "down"));
    } else complain(status);
  }
  return {
    contentType: contentTypes[format],
    body: renderers[format](shown, generation),
    complaints,
  };
}

/** The first argument with this name, without decoding (nginx's ngx_http_arg). */
function argument(query: string, name: string): string | null {
  for (const pair of query.split("&")) {
    if (pair.startsWith(`${name}=`)) return pair.slice(name.length + 1);
  }
  return null;
}

const renderers: Readonly<
  Record<CheckStatusFormat, (rows: readonly StatusRow[], generation: number) => string>
> = { html: renderHtml, csv: renderCsv, json: renderJson, prometheus: renderPrometheus };

const columns = [
  "Index",
  "Upstream",
  "Name",
  "Status",
  "Rise counts",
  "Fall counts",
  "Check type",
  "Check port",
];

function statusWord(row: StatusRow): string {
  return row.isDown ? "down" : "up";
}

function cells(row: StatusRow): (string | number)[] {
  return [
    row.index,
    row.upstream,
    row.name,
    statusWord(row),
    row.rise,
    row.fall,
    row.type,
    row.port,
  ];
}

function renderHtml(rows: readonly StatusRow[], generation: number): string {
  const headings = columns.map((column) => `    <th>${column}</th>\n`).join("");
  const body = rows.map((row) => {
    const tag = row.isDown ? '  <tr bgcolor="#FF0000">\n' : "  <tr>\n";
    return `${tag}${cells(row).map((cell) => `    <td>${cell}</td>\n`).join("")}  </tr>\n`;
  }).join("");
  return `<!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.0 Strict//EN
"http://www.w3.org/TR/xhtml1/DTD/xhtml1-strict.dtd">
<html xmlns="http://www.w3.org/1999/xhtml">
<head>
  <title>Nginx http upstream check status</title>
</head>
<body>
<h1>Nginx http upstream check status</h1>
<h2>Check upstream server number: ${rows.length}, generation: ${generation}</h2>
<table style="background-color:white" cellspacing="0"        cellpadding="3" border="1">
  <tr bgcolor="#C0C0C0">
${headings}  </tr>
${body}</table>
</body>
</html>
`;
}

function renderCsv(rows: readonly StatusRow[]): string {
  return rows.map((row) => `${cells(row).join(",")}\n`).join("");
}

function renderJson(rows: readonly StatusRow[], generation: number): string {
  const down = rows.filter((row) => row.isDown).length;
  const servers = rows.map((row, at) =>
    `    {"index": ${row.index}, "upstream": "${row.upstream}", "name": "${row.name}", ` +
    `"status": "${statusWord(row)}", "rise": ${row.rise}, "fall": ${row.fall}, ` +
    `"type": "${row.type}", "port": ${row.port}}${at === rows.length - 1 ? "" : ","}\n`
  ).join("");
  return `{"servers": {
  "total": ${rows.length},
  "up": ${rows.length - down},
  "down": ${down},
  "generation": ${generation},
  "server": [
${servers}  ]
}}
`;
}

function renderPrometheus(rows: readonly StatusRow[], generation: number): string {
  const down = rows.filter((row) => row.isDown).length;
  const labels = (row: StatusRow, withStatus: boolean) =>
    `{index="${row.index}",upstream="${row.upstream}",name="${row.name}",` +
    (withStatus ? `status="${statusWord(row)}",` : "") +
    `type="${row.type}",port="${row.port}"}`;
  const perServer = (name: string, value: (row: StatusRow) => number, withStatus: boolean) =>
    rows.map((row) => `nginx_upstream_server_${name}${labels(row, withStatus)} ${value(row)}\n`)
      .join("");
  const header = (name: string, help: string, type: string) =>
    `# HELP nginx_upstream_${name} ${help}\n# TYPE nginx_upstream_${name} ${type}\n`;
  const gauge = (name: string, help: string, value: number) =>
    `${header(name, help, "gauge")}nginx_upstream_${name} ${value}\n`;
  return gauge("count_total", "Nginx total number of servers", rows.length) +
    gauge("count_up", "Nginx total number of servers that are UP", rows.length - down) +
    gauge("count_down", "Nginx total number of servers that are DOWN", down) +
    gauge("count_generation", "Nginx generation", generation) +
    header("server_rise", "Nginx rise counter", "counter") +
    perServer("rise", (row) => row.rise, true) +
    header("server_fall", "Nginx fall counter", "counter") +
    perServer("fall", (row) => row.fall, true) +
    header("server_active", "Nginx active 1 for UP / 0 for DOWN", "gauge") +
    perServer("active", (row) => row.isDown ? 0 : 1, false);
}
