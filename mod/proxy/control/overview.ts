/** `/hayate/status.json`: the whole process, for the page and for scripts. */
import { daysLeft } from "../../acme/store/certificate_status.ts";
import { version } from "../../base/version.ts";
import type { GenerationReport } from "../../process/handover/generation_report.ts";
import type { AdminApi } from "./admin_api.ts";

export function overview(admin: AdminApi): Record<string, unknown> {
  const { metrics, generation, workers } = admin.parts;
  const listeners = metrics.listeners();
  const [, c1, c2, c3, c4, c5] = metrics.statusClasses;
  return {
    version,
    pid: Deno.pid,
    generation,
    workers,
    startedAt: new Date(admin.startedAtMs).toISOString(),
    uptimeSeconds: Math.floor((Date.now() - admin.startedAtMs) / 1000),
    connections: metrics.connections,
    requests: metrics.requests,
    responses: { "1xx": c1, "2xx": c2, "3xx": c3, "4xx": c4, "5xx": c5 },
    clientAborts: metrics.clientAborts,
    cutResponses: metrics.cutResponses,
    protocolErrors: listeners.flatMap(({ faults }) => faults).reduce(
      (sum, { count }) => sum + count,
      0,
    ),
    listeners,
    certificates: (admin.parts.certificates?.() ?? []).map((one) => ({
      names: one.names,
      issuer: one.issuer,
      selfSigned: one.isSelfSigned,
      notAfter: timeOrNull(one.notAfterMs),
      daysLeft: daysLeft(one, Date.now()),
      // 0: at the first opportunity.
      nextOrder: timeOrNull(one.nextMs === 0 ? Date.now() : one.nextMs),
      lastError: one.lastError,
    })),
    // The newest first.
    changes: admin.parts.changes.records.toReversed().map((one) => ({
      at: timeOrNull(one.atMs),
      who: one.who,
      upstream: one.upstream,
      server: one.server,
      what: one.what,
      refused: one.isRefused,
    })),
    generations: [...metrics.generations].map((one) => ({
      number: one.number,
      state: one.isEnding ? "ending" : "serving",
      ageSeconds: Math.floor((Date.now() - one.sinceMs) / 1000),
      connections: one.connections(),
    })),
    supervisor: supervisorView(admin.parts.supervisor?.() ?? null),
  };
}

/** What a supervisor has started, the newest first. */
function supervisorView(report: GenerationReport | null): Record<string, unknown> | null {
  if (report === null) return null;
  const { lastFailure } = report;
  return {
    pid: report.supervisor,
    startFailures: report.startFailures,
    deaths: report.deaths,
    lastFailure: lastFailure === null ? null : {
      number: lastFailure.number,
      cause: lastFailure.cause,
      at: timeOrNull(lastFailure.atMs),
    },
    generations: report.generations.map((one) => ({
      number: one.number,
      state: one.state,
      pid: one.pid,
      startedAt: timeOrNull(one.startedMs),
      by: one.by,
      endedAt: timeOrNull(one.endedMs),
      cause: one.cause,
    })),
  };
}

function timeOrNull(ms: number | null): string | null {
  return ms === null ? null : new Date(ms).toISOString();
}
