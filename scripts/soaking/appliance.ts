/** The appliance under test: supervisor, proxy with workers, checked upstreams, control socket. */
import { binaryPath } from "../../tests/support/binary.ts";
import { Child, childPids, descendantPids, sleep, trySignal } from "../../tests/support/child.ts";
import { freePort } from "../../tests/support/ports.ts";
import { rawExchange, tcp, unix } from "../../tests/support/raw_socket.ts";
import { writeSelfSigned } from "../../mod/tls/self_signed.ts";
import { freeTlsPort } from "../experiments/appliance.ts";

const upstreamCount = 3;
export const workerCount = 2;

/** Starts, breaks and repairs the appliance. */
export class Appliance implements AsyncDisposable {
  readonly #upstreams: { readonly port: number; child: Child }[] = [];
  /** A server that is only added through the API. */
  readonly #sparePort = freePort();
  #spare: Child | null = null;

  private constructor(
    readonly supervisor: Child,
    readonly port: number,
    readonly tlsPort: number,
    readonly controlPath: string,
  ) {}

  static async start(folder: string): Promise<Appliance> {
    const [port, tlsPort] = [freePort(), freeTlsPort()];
    const ports = Array.from({ length: upstreamCount }, freePort);
    const upstreams = await Promise.all(ports.map(async (each) => ({
      port: each,
      child: await startUpstream(each),
    })));
    const controlPath = `${folder}/control.sock`;
    const [certificate, key] = [`${folder}/self-signed.crt`, `${folder}/self-signed.key`];
    writeSelfSigned(["localhost", "127.0.0.1"], certificate, key);
    const text = config({ port, tlsPort, ports, controlPath, certificate, key });
    await Deno.writeTextFile(`${folder}/h2o.conf`, text);
    const supervisor = new Child(binaryPath, ["supervise", "proxy", "-c", `${folder}/h2o.conf`], {
      env: { PORTS: `${port} ${tlsPort}` },
      stopTimeoutMs: 40_000,
      waitTimeoutMs: 30_000,
    });
    await supervisor.waitForLine(/hayate \S+ supervises/);
    const appliance = new Appliance(supervisor, port, tlsPort, controlPath);
    appliance.#upstreams.push(...upstreams);
    appliance.#spare = await startUpstream(appliance.#sparePort);
    return appliance;
  }

  hup(): void {
    this.supervisor.kill("SIGHUP");
  }

  /** Kills a worker of the serving generation; its master starts another. */
  killWorker(pick: <T>(list: readonly T[]) => T): void {
    const generation = childPids(this.supervisor.pid).at(-1);
    const workers = generation === undefined ? [] : descendantPids(generation);
    if (workers.length > 0) trySignal(pick(workers), "SIGKILL");
  }

  /** Kills the whole serving generation: its master and workers. */
  killGeneration(): void {
    const generation = childPids(this.supervisor.pid).at(-1);
    if (generation === undefined) return;
    for (const pid of [generation, ...descendantPids(generation)]) trySignal(pid, "SIGKILL");
  }

  /** Kills an upstream and restarts it a second later. */
  async killUpstream(pick: <T>(list: readonly T[]) => T): Promise<void> {
    const upstream = pick(this.#upstreams);
    await upstream.child.stop("SIGKILL");
    await sleep(1000);
    upstream.child = await startUpstream(upstream.port);
  }

  /** Adds the spare server, waits, removes it. False: the API refused a request. */
  async addAndRemove(): Promise<boolean> {
    const server = `127.0.0.1:${this.#sparePort}`;
    const added = await this.#api("POST", "", { server });
    if (added.status !== 201) return isGenerationGone(added);
    await sleep(1000);
    const { id } = added.json as { id: number };
    const removed = await this.#api("DELETE", String(id));
    return removed.status === 200 || isGenerationGone(removed);
  }

  async takeOutAndBack(pick: <T>(list: readonly T[]) => T): Promise<boolean> {
    const id = String(pick([0, 1, 2]));
    const out = await this.#api("PATCH", id, { down: true });
    await sleep(1000);
    const back = await this.#api("PATCH", id, { down: false });
    return [out, back].every((each) => each.status === 200 || isGenerationGone(each));
  }

  async changeWeight(pick: <T>(list: readonly T[]) => T): Promise<boolean> {
    const changed = await this.#api("PATCH", String(pick([0, 1, 2])), { weight: pick([1, 2, 3]) });
    return changed.status === 200 || isGenerationGone(changed);
  }

  /** One request to the control socket; status 0 while no generation listens there. */
  async #api(
    method: string,
    id: string,
    body?: unknown,
  ): Promise<{ status: number; json: unknown }> {
    const text = body === undefined ? "" : JSON.stringify(body);
    const request = `${method} /api/9/http/upstreams/app/servers/${id} HTTP/1.1\r\nHost: c\r\n` +
      `Content-Length: ${text.length}\r\nConnection: close\r\n\r\n${text}`;
    try {
      const answer = await rawExchange(unix(this.controlPath), request, { idleMs: 3000 });
      const [, status] = /^HTTP\/1\.1 (\d{3})/.exec(answer) ?? [];
      const json = answer.slice(answer.indexOf("\r\n\r\n") + 4);
      return { status: Number(status ?? 0), json: json.startsWith("{") ? JSON.parse(json) : null };
    } catch (error) {
      // No generation listens between a kill and the next start.
      if (error instanceof Deno.errors.NotFound || error instanceof Deno.errors.ConnectionRefused) {
        return { status: 0, json: null };
      }
      throw error;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.supervisor.stop();
    for (const { child } of this.#upstreams) await child.stop();
    await this.#spare?.stop();
  }
}

/** A generation ended between two calls, and its changes were lost. */
function isGenerationGone({ status }: { status: number }): boolean {
  return status === 0 || status === 404;
}

async function startUpstream(port: number): Promise<Child> {
  const flags = ["--host", "127.0.0.1", "--port", `${port}`, "--workers", "1"];
  const upstream = new Child(binaryPath, ["serve", ...flags, "--text", "hello"]);
  await upstream.waitForSocket(tcp(port));
  return upstream;
}

interface Places {
  readonly port: number;
  readonly tlsPort: number;
  readonly ports: readonly number[];
  readonly controlPath: string;
  readonly certificate: string;
  readonly key: string;
}

function config({ port, tlsPort, ports, controlPath, certificate, key }: Places): string {
  return `num-threads: ${workerCount}
listen:
  port: ${port}
  host: 0.0.0.0
listen:
  port: ${tlsPort}
  host: 0.0.0.0
  ssl:
    certificate-file: ${certificate}
    key-file: ${key}
control: {listen: ${controlPath}, write: ON}
upstreams:
  app:
    servers:
${ports.map((each) => `      - 127.0.0.1:${each} max_fails=3 fail_timeout=1s`).join("\n")}
    check: interval=500 rise=1 fall=2 timeout=1000 type=http
    check_http_send: "GET / HTTP/1.0\\r\\n\\r\\n"
    next_upstream: error timeout http_502
hosts:
  default:
    paths:
      /:
        proxy.reverse.url: http://app/
      /status:
        check_status: ON
`;
}
