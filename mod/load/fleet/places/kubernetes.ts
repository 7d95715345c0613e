/** Pods of a Job, each of which is a machine: kubectl starts them and leads to their input and output. */
import { exitCodes, StartError } from "../../../base/errors.ts";
import { delay } from "../../../std/async.ts";
import type { Absence, Arrival, Machines } from "../wire/link.ts";
import { ChildLink } from "./child_link.ts";
import { runCommand } from "./command.ts";
import { jobManifest } from "./kubernetes_job.ts";

const pollMs = 1000;

/** What is read of a pod; kubectl may leave any of it out. */
interface Pod {
  readonly metadata?: { readonly name?: string };
  readonly spec?: { readonly nodeName?: string };
  readonly status?: {
    readonly phase?: string;
    readonly message?: string;
    readonly conditions?: readonly { readonly status?: string; readonly message?: string }[];
    readonly containerStatuses?: readonly {
      readonly state?: {
        readonly waiting?: { readonly reason?: string; readonly message?: string };
        readonly terminated?: { readonly exitCode?: number; readonly reason?: string };
      };
    }[];
  };
}

export class KubernetesMachines implements Machines {
  readonly #count: number;
  readonly #image: string;
  readonly #kubectl: readonly string[];
  readonly #say: (line: string) => void;
  readonly #name = `hayate-load-${crypto.randomUUID().slice(0, 8)}`;
  readonly #links: ChildLink[] = [];
  readonly #seen = new Set<string>();
  readonly #arrive: ((arrival: Arrival | Absence) => void)[] = [];
  #waitingFor: string | null = null;
  #isMade = false;
  #isClosed = false;

  /** `words`: the user's, for kubectl. `say` gets what the pods write on stderr. */
  constructor(
    count: number,
    image: string,
    words: readonly string[],
    say: (line: string) => void,
  ) {
    this.#count = count;
    this.#image = image;
    this.#kubectl = ["kubectl", ...words];
    this.#say = say;
  }

  async gather(): Promise<readonly Promise<Arrival | Absence>[]> {
    const manifest = JSON.stringify(jobManifest(this.#name, this.#count, this.#image));
    // Set before: an interrupted creation may have succeeded.
    this.#isMade = true;
    const made = await runCommand([...this.#kubectl, "create", "-f", "-"], manifest);
    if (made.code !== 0) throw new StartError(`kubectl create: ${made.reason}`, exitCodes.failed);
    const arrivals = Array.from(
      { length: this.#count },
      () => new Promise<Arrival | Absence>((resolve) => this.#arrive.push(resolve)),
    );
    void this.#poll();
    return arrivals;
  }

  waitingFor(): string | null {
    return this.#waitingFor;
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    for (const link of this.#links) link.close();
    await Promise.all(this.#links.map(({ ended }) => ended));
    if (!this.#isMade) return;
    const words = ["delete", "job", this.#name, "--wait=false", "--ignore-not-found"];
    const { code, reason } = await runCommand([...this.#kubectl, ...words]);
    if (code !== 0) this.#say(`kubectl delete job ${this.#name}: ${reason}`);
  }

  async #poll(): Promise<void> {
    const words = ["get", "pods", "--selector", `job-name=${this.#name}`, "--output", "json"];
    while (!this.#isClosed && this.#arrive.length > 0) {
      const { code, stdout, reason } = await runCommand([...this.#kubectl, ...words]);
      if (this.#isClosed) return;
      const pods = code === 0 ? readPods(stdout) : null;
      if (pods === null) this.#waitingFor = `kubectl get pods: ${reason}`;
      else for (const pod of pods) this.#look(pod);
      await delay(pollMs);
    }
  }

  #look(pod: Pod): void {
    const id = pod.metadata?.name ?? "";
    if (id === "" || this.#seen.has(id)) return;
    const node = pod.spec?.nodeName === undefined ? "" : ` on ${pod.spec.nodeName}`;
    const name = `${id}${node}`;
    const phase = pod.status?.phase;
    if (phase === "Running") this.#attach(id, name);
    else if (phase === "Failed" || phase === "Succeeded") {
      this.#seen.add(id);
      this.#arrive.shift()?.({ name, reason: faultOf(pod) ?? `it is ${phase.toLowerCase()}` });
    } else this.#waitingFor = `${name}: ${faultOf(pod) ?? phase ?? "unknown"}`;
  }

  #attach(pod: string, name: string): void {
    this.#seen.add(pod);
    const link = new ChildLink(
      [...this.#kubectl, "attach", "--stdin", "--quiet", "--container=load", pod],
      (line) => this.#say(`${name}: ${line}`),
    );
    this.#links.push(link);
    this.#arrive.shift()?.({
      name,
      open: (handler) => {
        link.showErrors();
        return link.listen(handler);
      },
    });
  }
}

function readPods(text: string): readonly Pod[] | null {
  try {
    const { items } = JSON.parse(text) as { items?: unknown };
    return Array.isArray(items) ? items : null;
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
}

/** Why a pod does not run, as the cluster says it. */
function faultOf({ status }: Pod): string | null {
  const state = status?.containerStatuses?.[0]?.state;
  const { waiting, terminated } = state ?? {};
  if (waiting?.reason !== undefined) return `${waiting.reason} ${waiting.message ?? ""}`.trim();
  if (terminated !== undefined) {
    return `${terminated.reason ?? "ended"}, exit code ${terminated.exitCode ?? "unknown"}`;
  }
  const unmet = status?.conditions?.find((each) => each.status === "False" && each.message);
  return unmet?.message ?? status?.message ?? null;
}
