/** A link to a machine through a program such as ssh, whose input and output lead there. */
import { PipedChild } from "../../../process/children/piped_child.ts";
import { encodeLine, LineReader } from "../wire/lines.ts";
import type { Link, LinkHandler } from "../wire/link.ts";

/** Of what a program says on stderr, for the reason of its end. */
const errorCharsMax = 4096;
/** How long a program may take to end once its input is closed. */
const endMaxMs = 3000;

export class ChildLink implements Link {
  readonly #say: (line: string) => void;
  readonly #isHint: (line: string) => boolean;
  readonly #child: PipedChild | null;
  readonly #handlers: LinkHandler[] = [];
  readonly #reader = new LineReader((line) => this.#handler?.onLine(line));
  readonly #errors = new LineReader((line) => this.#takeError(line));
  #errorText = "";
  #endReason: string | null = null;
  #showsErrors = false;
  #isClosed = false;
  #endTimer = 0;
  #ended: () => void = () => {};
  /** Resolves when the program has ended. */
  readonly ended: Promise<void>;

  /**
   * Starts `command`. `say` gets the lines of its stderr once a machine speaks, else the last one is
   * part of the reason of its end, unless it `isHint`. Throws `StartError` when no descriptors are left.
   */
  constructor(
    command: readonly string[],
    say: (line: string) => void,
    isHint: (line: string) => boolean = () => false,
  ) {
    this.#say = say;
    this.#isHint = isHint;
    this.ended = new Promise((resolve) => this.#ended = resolve);
    const program = command[0];
    const started = PipedChild.start(command, {
      onOutput: (bytes) => {
        if (!this.#reader.take(bytes)) this.#end(`${program} sent a line without an end`);
      },
      onErrors: (bytes) => void this.#errors.take(bytes),
      onExit: (code) => {
        clearTimeout(this.#endTimer);
        this.#end(this.#reasonOf(program, code));
        this.#ended();
      },
    });
    this.#child = typeof started === "string" ? null : started;
    if (typeof started === "string") {
      this.#endReason = started;
      this.#ended();
    }
  }

  get #handler(): LinkHandler | undefined {
    return this.#handlers.at(-1);
  }

  /** From now on `handler` gets the lines, and the end, which may have come already. */
  listen(handler: LinkHandler): this {
    this.#handlers.push(handler);
    const reason = this.#endReason;
    if (reason !== null) queueMicrotask(() => this.#tellEnd(reason));
    return this;
  }

  /** From now on what the program writes on stderr is the user's to see. */
  showErrors(): void {
    this.#showsErrors = true;
  }

  async send(message: unknown): Promise<void> {
    await this.write(encodeLine(message));
  }

  /** Resolves when the bytes are in the program's pipe. */
  async write(bytes: Uint8Array<ArrayBuffer>): Promise<void> {
    await this.#child?.write(bytes);
  }

  /** `signal`: for a program that does not end with its input. */
  close(signal?: "TERM"): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#child?.closeInput();
    if (signal !== undefined) this.#child?.kill(signal);
    this.#endTimer = setTimeout(() => {
      this.#child?.kill("TERM");
      this.#endTimer = setTimeout(() => this.#child?.kill("KILL"), endMaxMs);
    }, endMaxMs);
  }

  #end(reason: string): void {
    if (this.#endReason !== null) return;
    this.#endReason = reason;
    this.#tellEnd(reason);
  }

  #tellEnd(reason: string): void {
    if (!this.#isClosed) this.#handler?.onEnd(reason);
  }

  #takeError(line: string): void {
    const text = line.replace(/[\x00-\x1f\x7f]+/g, " ").trim();
    if (text === "") return;
    if (this.#showsErrors) this.#say(text);
    if (!this.#isHint(text)) this.#errorText = text.slice(0, errorCharsMax);
  }

  /** ssh's own failures are 255 (ssh(1)). */
  #reasonOf(program: string, code: number): string {
    const said = this.#showsErrors || this.#errorText === "" ? "" : `: ${this.#errorText}`;
    return `${program} ended with exit code ${code}${said}`;
  }
}
