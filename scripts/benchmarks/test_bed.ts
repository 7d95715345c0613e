/** A temporary folder, the servers that run in it, and the cores they use. */
import type { Address } from "../../mod/base/address.ts";
import { freePort } from "../../tests/support/ports.ts";
import type { Certificate, Place, ServerSpec, Target, Transport } from "./comparison.ts";
import { PinnedProcess } from "./processes.ts";
import { whyNoPackages } from "./packages.ts";
import { findProgram, whyAbsent } from "./programs.ts";

/** Servers on the first core, clients (and a proxy's upstream) on the last. */
export const serverCore = 0;
export const clientCore = navigator.hardwareConcurrency - 1;

/** All processes that it has started have ended when it is disposed of. */
export class TestBed implements AsyncDisposable {
  readonly #processes: PinnedProcess[] = [];

  private constructor(
    readonly folder: string,
    readonly transport: Transport,
    readonly connections: number,
    readonly certificate: Certificate | null,
  ) {}

  static async make(
    transport: Transport,
    connections: number,
    isTls: boolean,
  ): Promise<TestBed> {
    const folder = await Deno.makeTempDir({ prefix: "hayate-bench-" });
    // A worker that has dropped its privileges must still reach its socket.
    await Deno.chmod(folder, 0o755);
    const certificate = isTls ? await makeCertificate(folder) : null;
    return new TestBed(folder, transport, connections, certificate);
  }

  /** Puts packages of npm where the servers' files find them; returns why it could not, or null. */
  async install(packages: Readonly<Record<string, string>>): Promise<string | null> {
    return await whyNoPackages(this.folder, packages);
  }

  async start(
    spec: ServerSpec,
    core: number,
    upstream: Address | null,
    certificate = this.certificate,
  ): Promise<{ server: PinnedProcess; target: Target }> {
    const path = findProgram(spec.program);
    if (path === null) throw new Error(whyAbsent(spec.program));
    const folder = `${this.folder}/${this.#processes.length}`;
    await Deno.mkdir(folder);
    const address: Address = this.transport === "unix"
      ? { kind: "unix", path: `${folder}/s` }
      : { kind: "tcp", host: "127.0.0.1", port: freePort() };
    const { connections } = this;
    const place: Place = { folder, address, upstream, certificate, connections };
    await writeFiles(folder, spec.files?.(place) ?? {});
    const server = new PinnedProcess(spec.name, core, path, spec.args(place), spec.env);
    this.#processes.push(server);
    await server.untilListening(address);
    return { server, target: { address, isTls: certificate !== null, folder: this.folder } };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const process of this.#processes) await process.stop();
    await Deno.remove(this.folder, { recursive: true });
  }
}

/** Writes texts to files below `folder`, by their names. */
export async function writeFiles(
  folder: string,
  files: Readonly<Record<string, string>>,
): Promise<void> {
  for (const [name, text] of Object.entries(files)) {
    const file = `${folder}/${name}`;
    await Deno.mkdir(file.slice(0, file.lastIndexOf("/")), { recursive: true });
    await Deno.writeTextFile(file, text);
  }
}

/** Made with the library that hayate itself uses; needed for TLS rows only. */
async function makeCertificate(folder: string): Promise<Certificate> {
  const { writeSelfSigned } = await import("../../mod/tls/self_signed.ts");
  const files = { certificateFile: `${folder}/cert.pem`, keyFile: `${folder}/key.pem` };
  writeSelfSigned(["localhost", "127.0.0.1"], files.certificateFile, files.keyFile);
  const pairFile = `${folder}/pair.pem`;
  const parts = [files.certificateFile, files.keyFile].map((file) => Deno.readTextFile(file));
  await Deno.writeTextFile(pairFile, (await Promise.all(parts)).join(""));
  return { ...files, pairFile };
}
