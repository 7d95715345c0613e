/** The lines printed at the first start: what listens where, and what to do next. Pure. */
import { type Container, stopGraceMs } from "../process/container.ts";
import type { ListenSpec } from "../config/listen_spec.ts";
import type { RunPlan } from "./plan/plan.ts";

/** What listens where, and the commands to reload, load and stop it. One line each. */
export function greeting(
  plan: RunPlan,
  pid: number,
  program: string,
  version: string,
  container: Container | null,
): string[] {
  const shown = plan.listen.filter(({ isTwin }) => !isTwin);
  const tcp = shown.filter(({ address, datagram }) => address.kind === "tcp" && !datagram);
  const urls = tcp.map(urlOf);
  const places = plan.own
    ? [...urls, ...shown.filter((spec) => !tcp.includes(spec)).map(({ name }) => name)]
    : plan.listen.map(({ name }) => name);
  const listens = places.length === 0 ? "without sockets" : places.join("  ");
  const lines = [`hayate ${version} supervises ${plan.command[0]}: ${listens}`];
  const commands = container === null
    ? { reload: `kill -HUP ${pid}`, stop: `kill -TERM ${pid}` }
    : fromOutside(container, plan, program);
  lines.push(`  reload  ${commands.reload}`);
  const target = plan.own ? loadTarget(plan) : null;
  if (target !== null) lines.push(`  load    ${program} load -c 50 -d 10s ${target}`);
  lines.push(`  stop    Ctrl-C, or ${commands.stop}`);
  return lines;
}

/**
 * Why the container may be killed before its stop is over; null: it fits, as far as the options and
 * the variables say.
 */
export function stopTimeWarning(plan: RunPlan, { runtime }: Container): string | null {
  const graceMs = stopGraceMs(runtime);
  const { shutdownDelayMs, settings } = plan;
  const stopMs = shutdownDelayMs + settings.drainTimeoutMs;
  if (stopMs <= graceMs) return null;
  const needed = Math.ceil(stopMs / 1000);
  const flag = runtime === "kubernetes"
    ? `terminationGracePeriodSeconds: ${needed}`
    : `--stop-timeout ${needed}`;
  return `a stop may take ${stopMs / 1000} s (shutdown delay and drain timeout), but the engine ` +
    `kills after ${graceMs / 1000} s unless it is told otherwise: ${flag}`;
}

/** The commands to type outside of the container; the image has neither a shell nor kill. */
function fromOutside({ runtime, name }: Container, plan: RunPlan, program: string) {
  if (runtime === "docker" || runtime === "podman") {
    const target = name ?? "NAME";
    return { reload: `${runtime} kill --signal=HUP ${target}`, stop: `${runtime} stop ${target}` };
  }
  if (runtime === "kubernetes") {
    const target = name ?? "POD";
    const socket = plan.controlPath ?? "SOCKET";
    const hint = plan.controlPath === null ? "   (with --control SOCKET)" : "";
    return {
      reload: `kubectl exec ${target} -- ${program} supervise reload ${socket}${hint}`,
      stop: `kubectl delete pod ${target}`,
    };
  }
  return { reload: "send HUP to the container", stop: "send TERM to the container" };
}

function loadTarget(plan: RunPlan): string | null {
  const streams = plan.listen.filter(({ datagram }) => !datagram);
  const first = streams.find(({ tls }) => !tls) ?? streams[0];
  if (first === undefined) return null;
  const { address } = first;
  if (address.kind === "unix") return `-P ${address.path} http://localhost/`;
  return first.tls ? `-k ${urlOf(first)}` : urlOf(first);
}

function urlOf({ address, name, tls }: ListenSpec): string {
  if (address.kind === "unix") return name;
  const local = address.host === "0.0.0.0" ? "127.0.0.1" : address.host;
  const host = local.includes(":") ? `[${local}]` : local;
  const isDefault = address.port === (tls ? 443 : 80);
  return `${tls ? "https" : "http"}://${host}${isDefault ? "" : `:${address.port}`}/`;
}
