/** A headless Chromium, controlled over its debugging protocol. */
import { Child } from "./child.ts";
import { peerPath } from "./peers.ts";
import { type TempFolder, tempFolder } from "./ports.ts";

interface Reply {
  readonly id?: number;
  readonly method?: string;
  readonly params?: Record<string, unknown>;
  readonly result?: Record<string, unknown>;
  readonly error?: { readonly message: string };
}

/** Display settings of the browser. */
export interface BrowserView {
  readonly width: number;
  readonly height: number;
  readonly scheme: "light" | "dark";
  /** Emulates a phone, so that the page's own viewport setting applies. */
  readonly isMobile?: boolean;
}

/** One browser with one page. `await using` ends it. */
export class Browser implements AsyncDisposable {
  readonly #child: Child;
  readonly #profile: TempFolder;
  readonly #socket: WebSocket;
  readonly #waiting = new Map<number, (reply: Reply) => void>();
  #onLoaded: () => void = () => {};
  #session = "";
  #lastId = 0;
  #credentials: { username: string; password: string } | null = null;
  /** The page's console messages and uncaught errors. */
  readonly complaints: string[] = [];

  private constructor(child: Child, profile: TempFolder, socket: WebSocket) {
    this.#child = child;
    this.#profile = profile;
    this.#socket = socket;
    socket.onmessage = ({ data }) => this.#hear(JSON.parse(data as string) as Reply);
  }

  static async open(): Promise<Browser> {
    const profile = await tempFolder();
    const child = new Child(peerPath("chromium"), [
      ...["--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking"],
      // Tests make certificates of their own.
      "--ignore-certificate-errors",
      ...["--remote-debugging-port=0", `--user-data-dir=${profile.path}`, "about:blank"],
    ], { waitTimeoutMs: 30_000 });
    const line = await child.waitForLine(/DevTools listening on ws:\S+/);
    const socket = new WebSocket(line.replace(/^.* /, ""));
    await new Promise<void>((resolve, reject) => {
      socket.onopen = () => resolve();
      socket.onerror = () => reject(new Error("Cannot reach the browser's debugging port"));
    });
    const browser = new Browser(child, profile, socket);
    const { targetId } = await browser.call("Target.createTarget", { url: "about:blank" });
    const { sessionId } = await browser.call("Target.attachToTarget", { targetId, flatten: true });
    browser.#session = sessionId as string;
    for (const domain of ["Page", "Runtime", "Log"]) await browser.call(`${domain}.enable`);
    return browser;
  }

  /** Sets the credentials to use when a server requests authentication. */
  async logIn(username: string, password: string): Promise<void> {
    this.#credentials = { username, password };
    await this.call("Fetch.enable", { handleAuthRequests: true });
  }

  async show(url: string, view: BrowserView): Promise<void> {
    const { width, height, scheme } = view;
    const features = [{ name: "prefers-color-scheme", value: scheme }];
    await this.call("Emulation.setDeviceMetricsOverride", {
      ...{ width, height, deviceScaleFactor: 1, mobile: view.isMobile ?? false },
    });
    await this.call("Emulation.setEmulatedMedia", { features });
    const loaded = new Promise<void>((resolve) => this.#onLoaded = resolve);
    const { errorText } = await this.call("Page.navigate", { url });
    if (errorText !== undefined) throw new Error(`Cannot show ${url}: ${errorText}`);
    await loaded;
  }

  /** The value of a JavaScript expression in the page; must be serializable as JSON. */
  async value<T>(expression: string): Promise<T> {
    const { result, exceptionDetails } = await this.call("Runtime.evaluate", {
      ...{ expression, awaitPromise: true, returnByValue: true },
    });
    if (exceptionDetails !== undefined) {
      throw new Error(`Cannot evaluate ${expression}: ${JSON.stringify(exceptionDetails)}`);
    }
    return (result as { value: T }).value;
  }

  /** Waits until the expression is true. */
  async waitFor(expression: string): Promise<void> {
    await this.#child.waitUntil(
      `${expression} in the page; it says ${this.complaints.join(", ")}`,
      async () => await this.value<boolean>(`Boolean(${expression})`) ? true : null,
    );
  }

  /** A screenshot as PNG. */
  async picture(): Promise<Uint8Array> {
    const { data } = await this.call("Page.captureScreenshot", { captureBeyondViewport: true });
    return Uint8Array.fromBase64(data as string);
  }

  async call(
    method: string,
    params: Record<string, unknown> = {},
  ): Promise<Record<string, unknown>> {
    const id = ++this.#lastId;
    const reply = new Promise<Reply>((resolve) => this.#waiting.set(id, resolve));
    const session = this.#session === "" ? {} : { sessionId: this.#session };
    this.#socket.send(JSON.stringify({ id, method, params, ...session }));
    const { result, error } = await reply;
    if (error !== undefined) throw new Error(`Cannot call ${method}: ${error.message}`);
    return result ?? {};
  }

  #hear({ id, method, params = {}, ...reply }: Reply): void {
    if (id !== undefined) {
      this.#waiting.get(id)?.(reply);
      this.#waiting.delete(id);
      return;
    }
    const { requestId } = params;
    if (method === "Page.loadEventFired") {
      this.#onLoaded();
    } else if (method === "Fetch.requestPaused") {
      void this.call("Fetch.continueRequest", { requestId });
    } else if (method === "Fetch.authRequired") {
      const authChallengeResponse = { response: "ProvideCredentials", ...this.#credentials };
      void this.call("Fetch.continueWithAuth", { requestId, authChallengeResponse });
    } else if (method === "Runtime.exceptionThrown" || method === "Log.entryAdded") {
      this.complaints.push(JSON.stringify(params));
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#socket.onclose = () => resolve());
    this.#session = "";
    this.#socket.send(JSON.stringify({ id: ++this.#lastId, method: "Browser.close" }));
    await closed;
    await this.#child.result();
    await this.#profile[Symbol.asyncDispose]();
  }
}
