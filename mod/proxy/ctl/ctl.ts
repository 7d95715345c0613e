/** `hayate proxy ctl`: the command line of the API. */
import { nearest } from "../../base/nearest.ts";
import type { Address } from "../../base/address.ts";
import { exitCodes, StartError } from "../../base/errors.ts";
import { readOptions, UsageError } from "../../cli/mod.ts";
import { isResolved, parseCount } from "../../config/mod.ts";
import { createReactor } from "../../net/mod.ts";
import type { Reactor } from "../../net/reactor.ts";
import { getVariable } from "../../process/environment.ts";
import { findConfigFile, loadPlan } from "../directives/config_file.ts";
import { renderStatus } from "./status.ts";
import { ask, type CtlAnswer, UnreachableError } from "./client.ts";
import { type Action, actions, ctlTable } from "./flags.ts";
import {
  type ListedChange,
  type ListedPeer,
  type ListedUpstream,
  printText,
  renderChanges,
  renderList,
} from "./report.ts";

const pollMs = 200;

/** Runs with the argv after `ctl`; returns the exit code. Throws `StartError`. */
export async function runCtl(argv: readonly string[]): Promise<number> {
  const { values, operands } = readOptions(ctlTable, argv, getVariable);
  const [action, ...words] = operands;
  checkUsage(action, words);
  const plan = values.control === null ? controlOf(values.conf) : null;
  const address = values.control ?? plan!.address;
  if (!isResolved(address)) throw new StartError("--control needs an IP address or a unix path");
  const reactor = await createReactor(getVariable("HAYATE_REACTOR"));
  const token = values.token ?? plan?.token ?? null;
  const ctl = new Ctl(reactor, address, token, values.timeoutMs, values.yes);
  const running = reactor.run();
  try {
    return await ctl.run(action as Action, words);
  } finally {
    reactor.stop();
    await running;
  }
}

function checkUsage(action: string, words: readonly string[]): void {
  if (!Object.hasOwn(actions, action)) {
    const guess = nearest(action, Object.keys(actions));
    const hint = guess === null ? "" : `: did you mean ${guess}?`;
    throw new UsageError([`unknown action ${action}${hint} (${Object.keys(actions).join(", ")})`]);
  }
  const [min, max] = actions[action as Action];
  if (words.length < min || words.length > max) {
    const count = min === max ? `${min}` : `${min} to ${max}`;
    throw new UsageError([`${action} takes ${count} argument${count === "1" ? "" : "s"}`]);
  }
  if (action === "weight" && (parseCount(words[2]) ?? 0) < 1) {
    throw new UsageError([`weight ${words[2]}: a number from 1 to 65535 is expected`]);
  }
}

function controlOf(conf: string | null) {
  const file = findConfigFile(conf);
  const control = file === null ? null : loadPlan(file, false).global.control;
  if (control === null) {
    throw new UsageError([
      "no control listener given: use --control ADDR, or -c FILE with `control:`",
    ]);
  }
  return control;
}

class Ctl {
  constructor(
    readonly reactor: Reactor,
    readonly address: Address,
    readonly token: string | null,
    readonly timeoutMs: number,
    /** The last server of an upstream may go. */
    readonly mayEmpty: boolean,
  ) {}

  async run(action: Action, words: readonly string[]): Promise<number> {
    const [upstream, server, value] = words;
    switch (action) {
      case "status":
        printText(renderStatus(await this.#askFor("GET", "/hayate/status.json")));
        return exitCodes.ok;
      case "list":
        printText(renderList(await this.#list(upstream)));
        return exitCodes.ok;
      case "changes":
        printText(renderChanges(await this.#changes(upstream)));
        return exitCodes.ok;
      case "wait-healthy":
        return await this.#waitHealthy(upstream, server);
      case "add": {
        const weight = value === undefined ? {} : { weight: Number(value) };
        await this.#ask("POST", `/${encodeURIComponent(upstream)}/servers/`, { server, ...weight });
        return exitCodes.ok;
      }
      case "remove":
        await this.#ask("DELETE", await this.#serverPath(upstream, server, true));
        return exitCodes.ok;
    }
    const change = {
      drain: { drain: true },
      undrain: { drain: false },
      down: { down: true },
      up: { down: false, drain: false },
      weight: { weight: Number(value) },
    }[action];
    const takesOut = action === "drain" || action === "down";
    await this.#ask("PATCH", await this.#serverPath(upstream, server, takesOut), change);
    return exitCodes.ok;
  }

  #ask(method: string, path: string, body?: unknown): Promise<unknown> {
    return this.#askFor(method, `/api/9/http/upstreams${path}`, body);
  }

  async #askFor(method: string, path: string, body?: unknown): Promise<unknown> {
    const request = { method, path, body, token: this.token };
    const answer: CtlAnswer = await ask(this.reactor, this.address, request, this.timeoutMs);
    if (answer.status < 300) return answer.json;
    const { error } = answer.json as { error?: { text?: string } };
    throw new StartError(`the proxy refused: ${error?.text ?? answer.status}`);
  }

  /** Those of one upstream, or all. */
  async #changes(upstream: string | undefined): Promise<readonly ListedChange[]> {
    const json = await this.#askFor("GET", "/hayate/status.json");
    const { changes } = json as { changes?: readonly ListedChange[] };
    if (changes === undefined) throw new StartError("the proxy's version lists no changes");
    return changes.filter((one) => upstream === undefined || one.upstream === upstream);
  }

  async #list(upstream: string | undefined): Promise<Record<string, ListedUpstream>> {
    const path = upstream === undefined ? "" : encodeURIComponent(upstream);
    const json = await this.#ask("GET", `/${path}`);
    if (upstream === undefined) return json as Record<string, ListedUpstream>;
    return { [upstream]: json as ListedUpstream };
  }

  /**
   * `server` is an id or an address. `takesOut`: the request would take it out of service, which is
   * not done to the last one unasked. Throws `StartError`.
   */
  async #serverPath(upstream: string, server: string, takesOut: boolean): Promise<string> {
    const { peers } = (await this.#list(upstream))[upstream];
    const peer = findServer(upstream, peers, server);
    if (takesOut && !this.mayEmpty) checkLast(upstream, peers, peer);
    return `/${encodeURIComponent(upstream)}/servers/${peer.id}`;
  }

  /** Also waits while the proxy is unreachable, as it may be while it starts or is replaced. */
  async #waitHealthy(upstream: string, server: string | undefined): Promise<number> {
    const endMs = performance.now() + this.timeoutMs;
    while (true) {
      const missing = await this.#missingHealth(upstream, server);
      if (missing === "") return exitCodes.ok;
      if (performance.now() >= endMs) {
        const { timeoutMs } = this;
        throw new StartError(
          `${upstream} is not healthy after ${timeoutMs / 1000} s: ${missing}`,
          exitCodes.threshold,
        );
      }
      await new Promise<void>((resolve) => void this.reactor.setTimer(pollMs, resolve));
    }
  }

  /** What is not healthy yet, as text; "" when everything is. */
  async #missingHealth(upstream: string, server: string | undefined): Promise<string> {
    let peers: readonly ListedPeer[];
    try {
      ({ peers } = (await this.#list(upstream))[upstream]);
    } catch (error) {
      if (!(error instanceof UnreachableError)) throw error;
      return error.message;
    }
    if (peers.length === 0) return "it has no server";
    const wanted = server === undefined ? peers : [findServer(upstream, peers, server)];
    const others = wanted.filter(({ state }) => state !== "up");
    return others.map((one) => `${one.server} is ${one.state}${why(one)}`).join(", ");
  }
}

/** Asks before the last server that is up goes. Throws `StartError` unless the answer is yes. */
function checkLast(upstream: string, peers: readonly ListedPeer[], peer: ListedPeer): void {
  const isLast = peer.state === "up" && peers.every((one) => one === peer || one.state !== "up");
  if (!isLast) return;
  const fact = `${peer.server} is the last server of ${upstream} that is up`;
  if (!Deno.stdin.isTerminal()) throw new StartError(`${fact}: it is taken out only with --yes`);
  if (confirm(`${fact}. Take it out?`)) return;
  throw new StartError("nothing was changed");
}

function why({ reason }: ListedPeer): string {
  return reason === undefined ? "" : ` (${reason})`;
}

/** `server` is an id or an address. Throws `StartError` when there is no such server. */
function findServer(upstream: string, peers: readonly ListedPeer[], server: string): ListedPeer {
  const peer = peers.find((one) => one.server === server) ??
    peers.find((one) => String(one.id) === server);
  if (peer !== undefined) return peer;
  const names = peers.map((one) => `${one.server} (id ${one.id})`).join(", ");
  throw new StartError(`${upstream} has no server ${server}: ${names || "it has none"}`);
}
