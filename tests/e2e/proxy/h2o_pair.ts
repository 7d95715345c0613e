/** Debian's h2o and hayate, side by side. */
import { Child, startListening } from "../../support/binary.ts";
import { peerPath } from "../../support/peers.ts";
import { freePort, type TempFolder, tempFolder } from "../../support/ports.ts";
import { rawExchange, tcp } from "../../support/raw_socket.ts";

/** Both programs with one configuration, on ports of their own; h2o's always comes first. */
export class H2oPair implements AsyncDisposable {
  private constructor(
    readonly folder: TempFolder,
    readonly ports: readonly [number, number],
    readonly children: readonly [Child, Child],
    readonly stack: AsyncDisposableStack,
  ) {}

  /** In `config`, PORT is the port to listen on and DIR the folder. */
  static async start(
    config: string,
    files: Readonly<Record<string, string>> = {},
  ): Promise<H2oPair> {
    await using stack = new AsyncDisposableStack();
    const folder = stack.use(await tempFolder());
    for (const [name, text] of Object.entries(files)) await folder.write(name, text);
    // Started by root, h2o switches to the user `nobody`, who must be able to read.
    await Deno.chmod(folder.path, 0o755);
    const ports = [freePort(), freePort()] as const;
    const [theirs, ours] = await Promise.all(ports.map((port, index) =>
      folder.write(
        `${index}.conf`,
        config.replaceAll("PORT", String(port)).replaceAll("DIR", folder.path),
      )
    ));
    const h2o = stack.use(new Child(peerPath("h2o"), ["-c", theirs]));
    await h2o.waitForSocket(tcp(ports[0]));
    const hayate = stack.use(await startListening(["proxy", "-c", ours], tcp(ports[1])));
    return new H2oPair(folder, ports, [h2o, hayate], stack.move());
  }

  /**
   * The response bytes of h2o and of hayate. PORT in the request is the port of the one that gets
   * it.
   */
  async exchange(request: string): Promise<[string, string]> {
    const [theirs, ours] = await Promise.all(
      this.ports.map((port) =>
        rawExchange(tcp(port), request.replaceAll("PORT", `${port}`), { idleMs: 2000 })
      ),
    );
    return [theirs, ours];
  }

  /** Ends both, so that their logs are complete. */
  async stop(): Promise<void> {
    for (const child of this.children) await child.stop();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stack.disposeAsync();
  }
}
