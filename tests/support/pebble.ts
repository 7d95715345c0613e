/** Pebble, Let's Encrypt's ACME server for tests, with its DNS server: all names are 127.0.0.1. */
import { writeSelfSigned } from "../../mod/tls/self_signed.ts";
import { opensslFault } from "../../mod/tls/openssl_fault.ts";
import { freePort, type TempFolder, tempFolder } from "./ports.ts";
import { newer, peerPath } from "./peers.ts";

/** The programs of both packages, for `peerTest`. */
export const pebblePrograms = ["pebble", "pebble-challtestsrv"] as const;

/** The same of a version that knows ARI (RFC 9773) and profiles. */
export const newerPebblePrograms: readonly string[] = pebblePrograms.map(newer);

// Loads the library now: a test that loads it would be blamed for not unloading it.
opensslFault();

export interface PebbleOptions {
  /** Ports that are validated; default: ports without a listener. */
  readonly httpPort?: number;
  readonly tlsPort?: number;
  /** Accounts of the CA that a new account must be bound to: MAC keys by their ids. */
  readonly externalAccounts?: Readonly<Record<string, string>>;
  /** The version of `newerPebblePrograms`. */
  readonly isNewer?: boolean;
  /** Percentage of nonces that are refused. */
  readonly nonceReject?: number;
  /** How long certificates are valid, in seconds. */
  readonly validitySeconds?: number;
}

export class Pebble implements AsyncDisposable {
  readonly #children: Deno.ChildProcess[];
  readonly #folder: TempFolder;
  readonly directory: string;
  readonly managementPort: number;

  private constructor(
    children: Deno.ChildProcess[],
    folder: TempFolder,
    port: number,
    managementPort: number,
  ) {
    this.#children = children;
    this.#folder = folder;
    this.directory = `https://127.0.0.1:${port}/dir`;
    this.managementPort = managementPort;
  }

  /** The certificate of the server, for `ca-file`. */
  get caFile(): string {
    return `${this.#folder.path}/pebble.crt`;
  }

  /** Its key. */
  get keyFile(): string {
    return `${this.#folder.path}/pebble.key`;
  }

  /**
   * Sets what the server says about the renewal of a certificate in PEM (RFC 9773 4.2). Only the
   * newer version can.
   */
  async setRenewalInfo(certificate: string, window: readonly [Date, Date]): Promise<void> {
    const [start, end] = window.map((date) => date.toISOString());
    const client = Deno.createHttpClient({ caCerts: [await Deno.readTextFile(this.caFile)] });
    const response = await fetch(`https://127.0.0.1:${this.managementPort}/set-renewal-info/`, {
      client,
      method: "POST",
      body: JSON.stringify({
        Certificate: certificate,
        ARIResponse: JSON.stringify({ suggestedWindow: { start, end } }),
      }),
    });
    const text = await response.text();
    client.close();
    if (!response.ok) throw new Error(`Cannot set the renewal window: ${text}`);
  }

  static async start(options: PebbleOptions = {}): Promise<Pebble> {
    const [pebble, challengeServer] = options.isNewer ? newerPebblePrograms : pebblePrograms;
    const folder = await tempFolder();
    const [port, managementPort, dnsPort, dnsManagement] = Array.from({ length: 4 }, freePort);
    const [certificate, key] = [`${folder.path}/pebble.crt`, `${folder.path}/pebble.key`];
    writeSelfSigned(["localhost", "127.0.0.1"], certificate, key);
    const configuration = await folder.write(
      "pebble.json",
      JSON.stringify({
        pebble: {
          listenAddress: `127.0.0.1:${port}`,
          managementListenAddress: `127.0.0.1:${managementPort}`,
          certificate,
          privateKey: key,
          httpPort: options.httpPort ?? freePort(),
          tlsPort: options.tlsPort ?? freePort(),
          externalAccountBindingRequired: options.externalAccounts !== undefined,
          externalAccountMACKeys: options.externalAccounts ?? {},
          retryAfter: { authz: 1, order: 1 },
          profiles: {
            default: { description: "usual", validityPeriod: options.validitySeconds ?? 7_776_000 },
            short: { description: "short", validityPeriod: 518_400 },
          },
          certificateValidityPeriod: options.validitySeconds ?? 7_776_000,
        },
      }),
    );
    const dns = `127.0.0.1:${dnsPort}`;
    const management = ["-management", `127.0.0.1:${dnsManagement}`];
    const off = ["-http01", "", "-https01", "", "-tlsalpn01", "", "-defaultIPv6", ""];
    const children = [
      run(challengeServer, [...management, ...off, ...(await dnsFlags(challengeServer, dns))]),
      run(pebble, ["-config", configuration, "-dnsserver", dns], {
        PEBBLE_VA_NOSLEEP: "1",
        PEBBLE_WFE_NONCEREJECT: String(options.nonceReject ?? 0),
        // It would otherwise take known authorizations as valid, and validate nothing.
        PEBBLE_AUTHZREUSE: "0",
      }),
    ];
    await reachable(port);
    return new Pebble(children, folder, port, managementPort);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const child of this.#children) child.kill("SIGKILL");
    await Promise.all(this.#children.map((child) => child.status));
    await this.#folder[Symbol.asyncDispose]();
  }
}

function run(
  program: string,
  args: readonly string[],
  env: Record<string, string> = {},
): Deno.ChildProcess {
  return new Deno.Command(peerPath(program), {
    args: [...args],
    env,
    stdin: "null",
    stdout: "null",
    stderr: "null",
  }).spawn();
}

/** Later versions rename the flag, and serve DNS over HTTPS unless told otherwise. */
async function dnsFlags(program: string, address: string): Promise<string[]> {
  const help = new Deno.Command(peerPath(program), { args: ["-h"], stderr: "piped" });
  const isLater = new TextDecoder().decode((await help.output()).stderr).includes("-doh");
  return isLater ? ["-dnsserver", address, "-doh", ""] : ["-dns01", address];
}

async function reachable(port: number): Promise<void> {
  for (let attempts = 0; attempts < 200; attempts++) {
    try {
      (await Deno.connect({ hostname: "127.0.0.1", port })).close();
      return;
    } catch (error) {
      if (!(error instanceof Deno.errors.ConnectionRefused)) throw error;
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`Cannot reach pebble on port ${port}`);
}
