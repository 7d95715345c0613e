/** The clients of a soak: `hayate load` processes whose per-second results are read at the end. */
import { binaryPath } from "../../tests/support/binary.ts";
import { Child } from "../../tests/support/child.ts";
import type { Second } from "./verdict.ts";

/** One client. */
export interface ClientPlan {
  readonly name: string;
  readonly connections: number;
  readonly args: readonly string[];
}

export interface ClientResult {
  readonly name: string;
  readonly answered: number;
  readonly failed: number;
  readonly failedByKind: Readonly<Record<string, number>>;
  readonly retried: number;
  readonly unsent: number;
  readonly seconds: readonly Second[];
}

interface Report {
  readonly runs: readonly [{
    readonly startedAt: string;
    readonly requestsAnswered: number;
    readonly requestsFailed: number;
    readonly requestsRetried: number;
    readonly failedByKind: Readonly<Record<string, number>>;
    readonly schedule: { readonly requestsUnsent: number } | null;
    readonly intervals: readonly {
      readonly endMs: number;
      readonly durationMs: number;
      readonly requests: number;
      readonly failed: number;
      readonly p50Us: number;
      readonly p99Us: number;
      readonly maxUs: number;
    }[];
  }];
}

/** A keep-alive and a connection-per-request client over TLS, and one without TLS. */
export function clientPlans(port: number, tlsPort: number, ratePerSecond: number): ClientPlan[] {
  const rate = (share: number) => ["-R", String(Math.max(1, Math.round(ratePerSecond * share)))];
  const [plain, secure] = [`http://127.0.0.1:${port}/`, `https://127.0.0.1:${tlsPort}/`];
  return [
    { name: "TLS, keep-alive", connections: 20, args: ["-k", ...rate(0.6), secure] },
    {
      name: "TLS, connection per request",
      connections: 5,
      args: ["-k", "--no-keepalive", ...rate(0.05), secure],
    },
    { name: "in the clear", connections: 20, args: [...rate(0.35), plain] },
  ];
}

/** Runs a client to its end and reads its report. */
export async function runClient(
  plan: ClientPlan,
  durationS: number,
  file: string,
): Promise<ClientResult> {
  const common = ["-c", `${plan.connections}`, "-d", `${durationS}`, "-T", "5", "--json", file];
  const child = new Child(binaryPath, ["load", ...common, ...plan.args], {
    waitTimeoutMs: durationS * 1000 + 60_000,
  });
  const { code, stderr } = await child.result();
  if (code !== 0) throw new Error(`${plan.name}: load ended with ${code}: ${stderr}`);
  const [run] = (JSON.parse(await Deno.readTextFile(file)) as Report).runs;
  const startMs = Date.parse(run.startedAt);
  return {
    name: plan.name,
    answered: run.requestsAnswered,
    failed: run.requestsFailed,
    failedByKind: run.failedByKind,
    retried: run.requestsRetried,
    unsent: run.schedule?.requestsUnsent ?? 0,
    seconds: run.intervals.map(({ endMs, durationMs, ...rest }) => ({
      ...rest,
      startMs: startMs + endMs - durationMs,
      endMs: startMs + endMs,
    })),
  };
}
