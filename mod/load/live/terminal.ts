/**
 * A terminal that --live draws on: the alternate screen of xterm and its kin, so that what was there is
 * back at the end, and single keys. Four escape codes and Deno's raw mode need no library.
 */
import { getVariable } from "../../process/environment.ts";
import { addSignalListener, sendSignal } from "../../process/signals/signals.ts";
import { atExit } from "../../base/at_exit.ts";
import { writeStderr } from "../report/outputs.ts";

/** DEC private modes 1049, the alternate screen, and 25, the cursor. */
const enterScreen = "\x1b[?1049h\x1b[?25l";
const leaveScreen = "\x1b[?25h\x1b[?1049l";
const toTop = "\x1b[H";
const clearRestOfLine = "\x1b[K";
const clearBelow = "\x1b[J";

export interface TerminalSize {
  readonly columns: number;
  readonly rows: number;
}

const unknownSize: TerminalSize = { columns: 80, rows: 24 };

/** Why nothing can be drawn; null: it can. */
export function screenFault(): string | null {
  if (!Deno.stderr.isTerminal()) return "stderr is no terminal";
  const term = getVariable("TERM") ?? "";
  if (term === "" || term === "dumb") return `TERM=${term} cannot go back in what it shows`;
  return isInForeground() ? null : "it runs in the background";
}

/** Size of the terminal; 80 x 24 when unknown. */
export function terminalSize(): TerminalSize {
  try {
    const { columns, rows } = Deno.consoleSize();
    return { columns: columns || unknownSize.columns, rows: rows || unknownSize.rows };
  } catch (error) {
    // Deno tries stdin, stdout and stderr in turn; none may be a terminal with a size.
    if (error instanceof Error) return unknownSize;
    throw error;
  }
}

/** As POSIX decides it: the first of these that is set. */
export function speaksUnicode(): boolean {
  const locale = getVariable("LC_ALL") || getVariable("LC_CTYPE") || getVariable("LANG") || "";
  return /utf-?8/i.test(locale);
}

/** Colours are off with NO_COLOR, whatever its value (no-color.org), unless it is empty. */
export function wantsColor(): boolean {
  return (getVariable("NO_COLOR") ?? "") === "";
}

/**
 * The terminal stops a background job that changes its modes. Fields 5 and 8 of proc_pid_stat(5): our
 * process group, and that in the foreground of our terminal.
 */
function isInForeground(): boolean {
  const stat = Deno.readTextFileSync("/proc/self/stat");
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return fields[2] === fields[5];
}

/** The one that is on the screen; null: none is. */
let shown: Terminal | null = null;

/** Gives the terminal back before something else is printed, which would be gone with the screen. */
export function restoreTerminal(): void {
  shown?.leave();
}

export class Terminal {
  /** Keys are read: stdin is a terminal. */
  readonly hasKeys = Deno.stdin.isTerminal();
  readonly #onKey: (key: string) => void;
  readonly #onRedraw: () => void;
  readonly #removers: (() => void)[];
  /** It should be on the screen; it is not while it is stopped. */
  #isWanted = false;
  #isShown = false;

  /** `onRedraw`: the size has changed, or the screen is there again. */
  constructor(onKey: (key: string) => void, onRedraw: () => void) {
    this.#onKey = onKey;
    this.#onRedraw = onRedraw;
    this.#removers = [
      atExit(() => this.leave()),
      addSignalListener("WINCH", onRedraw),
      addSignalListener("TSTP", () => this.#stop()),
      addSignalListener("CONT", () => this.#continue()),
    ];
    if (this.hasKeys) void this.#readKeys();
  }

  enter(): void {
    this.#isWanted = true;
    if (this.#isShown || !isInForeground()) return;
    this.#isShown = true;
    shown = this;
    // INT and TSTP stay keys of the terminal.
    if (this.hasKeys) Deno.stdin.setRaw(true, { cbreak: true });
    writeStderr(enterScreen);
  }

  leave(): void {
    this.#isWanted = false;
    this.#hide();
  }

  #hide(): void {
    if (!this.#isShown) return;
    this.#isShown = false;
    shown = null;
    writeStderr(leaveScreen);
    if (this.hasKeys) Deno.stdin.setRaw(false);
  }

  /** Replaces what is shown; there must be no more lines than rows. */
  draw(lines: readonly string[]): void {
    if (!this.#isShown) return;
    const text = lines.map((line) => line + clearRestOfLine).join("\r\n");
    writeStderr(toTop + text + clearBelow);
  }

  /** Writes where the terminal keeps it after the end. */
  print(text: string): void {
    this.#hide();
    writeStderr(text);
    if (this.#isWanted) this.enter();
    this.#onRedraw();
  }

  /** Nothing is drawn any more. */
  close(): void {
    this.leave();
    for (const remove of this.#removers) remove();
  }

  /** Ctrl-Z: the shell gets its screen. */
  #stop(): void {
    this.#hide();
    sendSignal(Deno.pid, "STOP");
  }

  #continue(): void {
    if (!this.#isWanted) return;
    this.enter();
    this.#onRedraw();
  }

  /** Until the program ends: a read of a terminal cannot be taken back. */
  async #readKeys(): Promise<void> {
    const bytes = new Uint8Array(64);
    for (;;) {
      const count = await Deno.stdin.read(bytes).catch(() => null);
      if (count === null) return;
      // Arrows and their like are sequences that begin with ESC.
      if (!this.#isShown || bytes[0] === 0x1b) continue;
      for (const byte of bytes.subarray(0, count)) this.#onKey(String.fromCharCode(byte));
    }
  }
}
