/** Certificates with a state folder and a responder of the test. */
import { type CertificateNeeds, Certificates } from "../../mod/acme/certificates.ts";
import { acmeDefaults, type AcmeSettings } from "../../mod/acme/core/settings.ts";
import { challengeFolderOf, readToken, StateFolder } from "../../mod/acme/store/state_folder.ts";
import { AcmeFront, type AcmeFrontRules } from "../support/acme_front.ts";
import { Pebble, type PebbleOptions } from "../support/pebble.ts";
import { freePort, tempFolder } from "../support/ports.ts";

/** Answers HTTP-01 from a state folder. */
export class Responder implements AsyncDisposable {
  readonly port = freePort();
  readonly #server: Deno.HttpServer;

  constructor(folder: string) {
    const onListen = () => {};
    this.#server = Deno.serve({ hostname: "127.0.0.1", port: this.port, onListen }, (request) => {
      const token = new URL(request.url).pathname.split("/").at(-1)!;
      const text = readToken(challengeFolderOf(folder), token);
      return new Response(text, { status: text === null ? 404 : 200 });
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server.shutdown();
  }
}

/** Certificates whose clock runs `shiftMs` ahead. */
export class Fixture implements Disposable {
  readonly certificates: Certificates;
  readonly needs: CertificateNeeds;
  readonly timers = new Set<number>();
  shiftMs = 0;

  constructor(readonly folder: StateFolder, settings: AcmeSettings, names = ["a.example"]) {
    this.needs = { settings, names, challenges: ["http-01"] };
    this.certificates = new Certificates(folder, this.needs, {
      logger: {
        info: () => {},
        debug: () => {},
        error: (line) => void this.lines.push(line),
      },
      setTimer: (delayMs, callback) => {
        const timer = setTimeout(() => {
          this.timers.delete(timer);
          callback();
        }, delayMs);
        this.timers.add(timer);
        return timer;
      },
      clearTimer: (timer) => clearTimeout(timer),
      nowMs: () => Date.now() + this.shiftMs,
      random: () => 0,
    });
    this.certificates.start();
  }

  /** Errors that were logged. */
  readonly lines: string[] = [];

  /** Looks at once at what is due after `shiftMs` of the clock. */
  passTime(shiftMs: number): void {
    this.shiftMs += shiftMs;
    this.certificates.update({ ...this.needs });
  }

  async until<T>(find: () => T | null | undefined | false): Promise<T> {
    for (let attempts = 0; attempts < 300; attempts++) {
      const found = find();
      if (found !== null && found !== undefined && found !== false) return found;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    throw new Error(`Waited in vain: ${this.lines.join("; ")}`);
  }

  issued(name = "a.example") {
    return this.until(() => {
      const facts = this.folder.readCertificate(name);
      return facts !== null && !facts.isSelfSigned && facts;
    });
  }

  [Symbol.dispose](): void {
    this.certificates.stop();
    for (const timer of this.timers) clearTimeout(timer);
  }
}

export function settingsOf(
  pebble: Pebble,
  more: Partial<AcmeSettings> = {},
): AcmeSettings {
  return { ...acmeDefaults, directory: pebble.directory, caFile: pebble.caFile, ...more };
}

/** Certificates that are ordered at pebble, through a front with rules of the test. */
export class Trial implements AsyncDisposable {
  private constructor(
    readonly fixture: Fixture,
    readonly front: AcmeFront,
    readonly pebble: Pebble,
    readonly stack: AsyncDisposableStack,
  ) {}

  static async start(
    rules: AcmeFrontRules,
    settings: Partial<AcmeSettings> = {},
    options: PebbleOptions = {},
  ): Promise<Trial> {
    const stack = new AsyncDisposableStack();
    const temp = stack.use(await tempFolder());
    const folder = new StateFolder(temp.path);
    folder.prepare();
    const responder = stack.use(new Responder(folder.path));
    const pebble = stack.use(await Pebble.start({ ...options, httpPort: responder.port }));
    const front = stack.use(await AcmeFront.start(pebble, rules));
    const { directory } = front;
    const fixture = stack.use(new Fixture(folder, settingsOf(pebble, { ...settings, directory })));
    return new Trial(fixture, front, pebble, stack);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stack.disposeAsync();
  }
}
