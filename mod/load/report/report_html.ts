/** One page with everything: no network, no script, readable on a phone. */
import { barChart, chartStyle, escapeText } from "./charts/chart_svg.ts";
import { type FailureKind, failureMeaning } from "../plan/failure.ts";
import {
  failuresChart,
  latencyOverTimeChart,
  type NamedRun,
  percentileChart,
  receivedChart,
  throughputChart,
} from "./report_curves.ts";
import type { ReportJson, RunJson } from "./json/report_json.ts";
import type { EventStreamsJson } from "./json/event_streams_json.ts";
import type { WebSocketsJson } from "./json/web_sockets_json.ts";
import type { TimeJson } from "./json/time_json.ts";
import { phaseNames, type PhasesJson, phaseTitles } from "./json/phases_json.ts";
import { describeSearch, type NamedSearch, searchChart, searchOf } from "./search_chart.ts";
import { formatRate } from "./search_text.ts";
import { formatBinary, formatMetric, formatTimeUs, orDash } from "./figures/wrk_units.ts";

const style =
  `:root{--ink:#222;--ground:#fff;--soft:#666;--grid:#ddd;--card:#f6f7f9;color-scheme:light dark}
@media(prefers-color-scheme:dark){:root{--ink:#e6e6e6;--ground:#15181c;--soft:#9aa3ad;--grid:#343a41;--card:#1e2329}}
*{box-sizing:border-box}body{margin:0 auto;padding:16px;max-width:860px;background:var(--ground);color:var(--ink);font:16px/1.5 system-ui,sans-serif}
h1{font-size:22px;margin:0 0 4px;overflow-wrap:anywhere}h2{font-size:18px;margin:28px 0 8px}p{margin:4px 0;color:var(--soft);overflow-wrap:anywhere}
.cards{display:grid;grid-template-columns:repeat(auto-fit,minmax(130px,1fr));gap:10px;margin:16px 0}
.card{background:var(--card);border-radius:8px;padding:10px 12px}.card b{display:block;font-size:22px}.card span{color:var(--soft);font-size:14px}
svg{width:100%;height:auto;display:block;margin:14px 0}.wide{overflow-x:auto}
table{border-collapse:collapse;width:100%}th,td{text-align:left;padding:5px 10px 5px 0;border-bottom:1px solid var(--grid);vertical-align:top}td.n,th.n{text-align:right}
${chartStyle}`;

/** The page of a report with one run or several. */
export async function htmlReport(report: ReportJson): Promise<string> {
  const sections: string[] = [];
  const { runs } = report;
  const search = searchOf(report, "search");
  if (search !== null) return page(report.plan.url, await searchSections(report, search));
  if (runs.length > 1) {
    sections.push(barChart(
      "Requests per second",
      runs.map((run, index) => ({
        name: `run ${index + 1}`,
        value: run.requestsPerSecond ?? 0,
        label: orDash(run.requestsPerSecond, formatMetric),
      })),
    ));
  }
  for (let index = 0; index < runs.length; index++) {
    if (runs.length > 1) sections.push(`<h2>Run ${index + 1}</h2>`);
    sections.push(await runSection(runs[index]));
  }
  if (runs.length === 0) sections.push("<p>The run was ended before anything was measured.</p>");
  return page(
    report.plan.url,
    `${describePlan(report)}${sections.join("\n")}${environment(report)}`,
  );
}

/** The curve of a search, the rates that it tried, and the run of the last one. */
async function searchSections(report: ReportJson, named: NamedSearch): Promise<string> {
  const { search, runs } = named;
  const rows = search.steps.map((step) => {
    const { percentilesUs, maxUs } = runs[step.run].latency;
    const times = [percentilesUs["p50"], percentilesUs["p90"], percentilesUs["p99"], maxUs];
    const cells = [
      formatRate(step.requestsPerSecond),
      ...times.map((us) => orDash(us, formatTimeUs)),
    ];
    const verdict = step.reason === null
      ? (step.isConfirmation ? "confirmed" : "yes")
      : step.reason;
    return `<tr>${cells.map((cell) => `<td class="n">${cell}</td>`).join("")}` +
      `<td>${escapeText(verdict)}</td></tr>`;
  });
  const heads = ["Rate/s", "p50", "p90", "p99", "Max"].map((name) => `<th class="n">${name}</th>`);
  const last = runs.length === 0 ? "" : await runSection(runs[runs.length - 1]);
  return `${describePlan(report)}<h2>${escapeText(describeSearch(search))}</h2>` +
    `${search.steps.length === 0 ? "" : searchChart([named])}<div class="wide"><table><tr>` +
    `${heads.join("")}<th>Result</th></tr>${rows.join("")}</table></div>` +
    `<h2>The last run</h2>${last}${environment(report)}`;
}

/** A page around `body`. */
export function page(title: string, body: string): string {
  return `<!doctype html>\n<html lang="en"><head><meta charset="utf-8">` +
    `<meta name="viewport" content="width=device-width, initial-scale=1">` +
    `<title>${escapeText(title)} - hayate load</title><style>${style}</style></head>` +
    `<body><h1>${escapeText(title)}</h1>\n${body}\n</body></html>\n`;
}

function describePlan({ plan, environment }: ReportJson): string {
  const loop = plan.stages === null ? "closed loop" : "open loop";
  const time = plan.durationMs === null
    ? (plan.requestCount === null ? "an access log" : `${plan.requestCount} requests`)
    : `${plan.durationMs / 1000} s`;
  return `<p>${plan.connections} connections, ${plan.threads} threads, ${time}, ${loop}` +
    `${
      plan.unixSocketPath === null ? "" : `, unix socket ${escapeText(plan.unixSocketPath)}`
    }</p>` +
    `<p><code>${escapeText(environment.commandLine.join(" "))}</code></p>`;
}

async function runSection(run: RunJson): Promise<string> {
  const named: NamedRun[] = [{ name: "run", run }];
  const times = [{ name: "latency", time: run.latency }];
  if (run.serviceTime !== null) times.push({ name: "service time", time: run.serviceTime });
  const parts = [
    cards(run),
    throughputChart(named),
    latencyOverTimeChart(run),
    await percentileChart("Latency by percentile", times),
    percentileTable(times),
  ];
  parts.push(...await phaseParts(run.phases ?? null));
  parts.push(...await eventStreamParts(named[0], run.eventStreams ?? null));
  parts.push(...await webSocketParts(named[0], run.webSockets ?? null));
  if (run.requestsFailed > 0) parts.push(failuresChart(run));
  parts.push(failureTable(run));
  return parts.join("\n");
}

/** With --phases: their percentiles, drawn and in a table. */
async function phaseParts(phases: PhasesJson | null): Promise<string[]> {
  const times = phaseNames.flatMap((name) => {
    const time = phases?.[name] ?? null;
    return time === null ? [] : [{ name: phaseTitles[name], time }];
  });
  if (times.length === 0) return [];
  return [await percentileChart("Phases by percentile", times), percentileTable(times)];
}

/** With --sse: the streams, events over time, and the percentiles of their times. */
async function eventStreamParts(
  named: NamedRun,
  streams: EventStreamsJson | null,
): Promise<string[]> {
  if (streams === null) return [];
  const times = [
    { name: "first event", time: streams.firstEvent },
    { name: "gap", time: streams.gap },
  ];
  const { percentiles, mean } = streams.eventsPerStream;
  return [
    "<h2>Event streams</h2>",
    cardsOf([
      [String(streams.openAtStart), "open at the start"],
      [String(streams.opened), "opened"],
      [String(streams.ended), "ended by the server"],
      [String(streams.broken), "broken"],
      [String(streams.openAtEnd), "open at the end"],
      [String(streams.events), "events"],
      [orDash(streams.eventsPerSecond, formatMetric), "events/s"],
      [orDash(mean, (value) => value.toFixed(1)), "events by stream, mean"],
      [orDash(percentiles["p50"], String), "events by stream, p50"],
    ]),
    receivedChart("Events per second", named),
    await percentileChart("Events by percentile", times),
    percentileTable(times),
  ];
}

/** With WebSockets: sockets, messages over time, and how long opening took. */
async function webSocketParts(named: NamedRun, sockets: WebSocketsJson | null): Promise<string[]> {
  if (sockets === null) return [];
  const times = [{ name: "opening", time: sockets.openTime }];
  return [
    "<h2>WebSockets</h2>",
    cardsOf([
      [String(sockets.opened), "opened"],
      [String(sockets.openAtEnd), "open at the end"],
      [String(sockets.messagesSent), "messages sent"],
      [String(sockets.messagesReceived), "messages received"],
      [orDash(sockets.messagesReceivedPerSecond, formatMetric), "received/s"],
      [String(sockets.pingsAnswered), "pings answered"],
      [String(sockets.closesUnanswered), "close frames unanswered"],
    ]),
    receivedChart("Messages received per second", named),
    await percentileChart("Opening by percentile", times),
    percentileTable(times),
  ];
}

function cards(run: RunJson): string {
  const { percentilesUs } = run.latency;
  const all: readonly [string, string][] = [
    [orDash(run.requestsPerSecond, formatMetric), "requests/s"],
    [orDash(percentilesUs["p50"], formatTimeUs), "p50"],
    [orDash(percentilesUs["p99"], formatTimeUs), "p99"],
    [orDash(percentilesUs["p99.9"], formatTimeUs), "p99.9"],
    [String(run.requestsAnswered), "responses"],
    [String(run.requestsFailed), "failed"],
    [orDash(run.bytesReadPerSecond, (bytes) => `${formatBinary(bytes)}B`), "read per second"],
    [`${Math.round(run.client.cpuShareOfThreads * 100)}%`, "client CPU per thread"],
  ];
  return cardsOf(all);
}

function cardsOf(all: readonly (readonly [figure: string, name: string])[]): string {
  const items = all.map(([figure, name]) =>
    `<div class="card"><b>${escapeText(figure)}</b><span>${name}</span></div>`
  );
  return `<div class="cards">${items.join("")}</div>`;
}

function percentileTable(times: readonly { name: string; time: TimeJson }[]): string {
  const percents = Object.keys(times[0].time.percentilesUs);
  const head = `<tr><th>Percentile</th>${
    times.map(({ name }) => `<th class="n">${name}</th>`).join("")
  }</tr>`;
  const rows = percents.map((percent) => {
    const cells = times.map(({ time }) =>
      `<td class="n">${orDash(time.percentilesUs[percent], formatTimeUs)}</td>`
    );
    return `<tr><td>${percent}</td>${cells.join("")}</tr>`;
  });
  return `<div class="wide"><table>${head}${rows.join("")}</table></div>`;
}

function failureTable(run: RunJson): string {
  if (run.failures.length === 0) return `<h2>Failed requests</h2><p>None.</p>`;
  const rows = run.failures.map(({ kind, code, count }) =>
    `<tr><td>${kind}</td><td>${escapeText(code)}</td><td class="n">${count}</td>` +
    `<td>${failureMeaning[kind as FailureKind] ?? ""}</td></tr>`
  );
  return `<h2>Failed requests</h2><div class="wide"><table><tr><th>Kind</th><th>Code</th>` +
    `<th class="n">Count</th><th>Meaning</th></tr>${rows.join("")}</table></div>`;
}

function environment({ environment, runs }: ReportJson): string {
  const { hayateVersion, denoVersion, kernel, architecture, hostName, cpuCount, cpuModel } =
    environment;
  return `<h2>Environment</h2><p>hayate ${escapeText(hayateVersion)}, Deno ${
    escapeText(denoVersion)
  }; ` +
    `${escapeText(kernel)} ${escapeText(architecture)} on ${escapeText(hostName)}; ` +
    `${cpuCount} x ${escapeText(cpuModel)}; started ${
      escapeText(runs[0]?.startedAt ?? "never")
    }</p>`;
}
