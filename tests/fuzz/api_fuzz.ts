/** Mutated bodies, paths and methods for the API. */
import { shapeFaultOf } from "../../mod/base/shape.ts";
import { answerApi, type ApiRequest } from "../../mod/proxy/control/api.ts";
import { upstreamStates } from "../../mod/proxy/balance/peer_shapes.ts";
import { peerStateOf } from "../../mod/proxy/balance/peer_state.ts";
import { mutateJson, mutateText } from "./json_mutator.ts";
import { PeerHome } from "./peer_home.ts";
import type { Random } from "./random.ts";

const bodies: readonly Record<string, unknown>[] = [
  { server: "10.0.0.9:80", weight: 2, backup: true },
  { server: "unix:/run/d.sock", max_conns: 5, fail_timeout: "5s", slow_start: 3 },
  { weight: 4, max_fails: 2, down: true, drain: true, route: "b", backup: false },
  { id: 0, server: "10.0.0.1:80", weight: 1, max_conns: 0, max_fails: 1, backup: false },
];
const methods = ["GET", "HEAD", "POST", "PATCH", "DELETE", "PUT", "", "\0"];
const words = ["9", "8", "http", "stream", "upstreams", "app", "checked", "hashed", "servers"];
const ids = [
  "0",
  "1",
  "2",
  "3",
  "99",
  "-1",
  "%",
  "%2f",
  "__proto__",
  "constructor",
  "x".repeat(99),
];

export class ApiFuzzer {
  readonly #random: Random;
  /** Reused for many requests, so that they see the changes of earlier ones. */
  #home = new PeerHome();
  acceptedCount = 0;

  constructor(random: Random) {
    this.#random = random;
  }

  /** Sends one request. Throws on a fault, with the seed and the request. */
  step(): void {
    if (this.#random.oneIn(50)) this.#home = new PeerHome();
    const request = this.#draw();
    try {
      this.#check(request);
    } catch (error) {
      const reason = `seed ${this.#random.seed}: ${String(error)}\n${JSON.stringify(request)}`;
      throw new Error(reason, { cause: error });
    }
  }

  #draw(): ApiRequest {
    const random = this.#random;
    const body = mutateText(random, JSON.stringify(mutateJson(random, random.pick(bodies))));
    if (random.oneIn(4)) {
      const parts = Array.from({ length: random.below(7) }, () => random.pick([...words, ...ids]));
      const query = random.pick(["", "fields=peers", "fields=", "fields=__proto__,id", "&&="]);
      return {
        method: random.pick(methods),
        path: `/${parts.join("/")}`,
        query,
        body,
        who: "root",
      };
    }
    const upstream = random.pick(["app", "checked", "hashed"]);
    const isNew = random.oneIn(3);
    const path = `/9/http/upstreams/${upstream}/servers/${isNew ? "" : random.below(5)}`;
    return {
      method: isNew ? "POST" : random.pick(["PATCH", "DELETE", "GET"]),
      path,
      query: "",
      body,
      who: "root",
    };
  }

  #check(request: ApiRequest): void {
    const home = this.#home;
    const before = home.snapshot();
    const { status, json } = answerApi(home.admin, request, true);
    JSON.stringify(json);
    home.exercise();
    if (status >= 200 && status < 300) {
      this.acceptedCount++;
      // An accepted change must also survive a restart.
      for (const { plan, peers } of home.groups) {
        const states = [{ name: plan.name, peers: peers.map(peerStateOf) }];
        const fault = shapeFaultOf(JSON.parse(JSON.stringify(states)), upstreamStates);
        if (fault !== null) throw new Error(`accepted, but ${fault}`);
      }
      return;
    }
    if (status < 400 || status > 499) throw new Error(`status ${status}`);
    const { error } = json as { error?: { text?: string; status?: number; code?: string } };
    if (!error?.text || !error.code || error.status !== status) throw new Error("no clear text");
    if (home.snapshot() !== before) {
      throw new Error(`refused with ${status}, and changed something`);
    }
  }
}
