/** The program's own log: one line per event, as text or JSON. Never throws. */
import { noteError } from "../base/last_error.ts";
import { jsonLogLine, logChoice } from "../base/log_choice.ts";
import type { Sink } from "./sink.ts";
import { standardSink } from "./stream_sink.ts";
import { isoLocal, strftime } from "./strftime.ts";

export const levels = ["debug", "info", "notice", "warn", "error"] as const;
export type Level = typeof levels[number];

/**
 * `text`: `2026-11-23T14:40:52+00:00 [warn] message name=value`.
 * `nginx`: `2026/11/23 14:40:52 [warn] 4711#0: message name=value`.
 * `plain`: the message alone, as Server::Starter writes.
 * `json`: one object per line.
 */
export type LogStyle = "text" | "nginx" | "plain" | "json";

/** Additional fields of an event. */
export type LogFields = Readonly<Record<string, string | number | boolean | null>>;

export interface LoggerOptions {
  /** The mode's name. */
  readonly name: string;
  /** Minimum level written. Default "info". */
  readonly level?: Level;
  /** Default: that of `--log-format`. */
  readonly style?: LogStyle;
  /** Default: that of `--log-to`. */
  readonly sink?: Sink;
}

export class Logger {
  readonly name: string;
  readonly style: LogStyle;
  #threshold: number;
  #sink: Sink;
  #clock = { second: NaN, text: "" };

  constructor(options: LoggerOptions) {
    this.name = options.name;
    this.style = options.style ?? (logChoice.json ? "json" : "text");
    this.#threshold = levels.indexOf(options.level ?? "info");
    this.#sink = options.sink ?? standardSink(logChoice.stream);
  }

  debug(message: string, fields?: LogFields): void {
    this.write("debug", message, fields);
  }

  info(message: string, fields?: LogFields): void {
    this.write("info", message, fields);
  }

  notice(message: string, fields?: LogFields): void {
    this.write("notice", message, fields);
  }

  warn(message: string, fields?: LogFields): void {
    this.write("warn", message, fields);
  }

  error(message: string, fields?: LogFields): void {
    this.write("error", message, fields);
  }

  /** True when an event of `level` would be written; for messages that are expensive to build. */
  enabled(level: Level): boolean {
    return levels.indexOf(level) >= this.#threshold;
  }

  write(level: Level, message: string, fields: LogFields = {}): void {
    if (level === "error") noteError(message);
    if (!this.enabled(level)) return;
    this.#sink.buffer.text(`${this.#line(level, message, fields)}\n`);
    this.#sink.endLine();
  }

  /** Switches to another sink, for example when `--log-file` is open. */
  redirect(sink: Sink): void {
    this.#sink.flush();
    this.#sink = sink;
  }

  /** Reopens a log file (USR1). */
  reopen(): void {
    this.#sink.reopen();
  }

  #line(level: Level, message: string, fields: LogFields): string {
    if (this.style === "json") {
      return jsonLogLine(Date.now(), level, message, {
        name: this.name,
        pid: Deno.pid,
        ...fields,
      });
    }
    const text = oneLine(message) + fieldText(fields);
    if (this.style === "plain") return text;
    if (this.style === "nginx") return `${this.#time()} [${level}] ${Deno.pid}#0: ${text}`;
    return `${this.#time()} [${level}] ${text}`;
  }

  #time(): string {
    const second = Math.floor(Date.now() / 1000);
    if (second !== this.#clock.second) {
      const date = new Date(second * 1000);
      const text = this.style === "nginx" ? strftime("%Y/%m/%d %H:%M:%S", date) : isoLocal(date);
      this.#clock = { second, text };
    }
    return this.#clock.text;
  }
}

/** Escapes control characters, so that a message cannot forge a line. */
function oneLine(text: string): string {
  return text.replace(
    /[\x00-\x08\x0a-\x1f\x7f]/g,
    (letter) => `\\x${letter.charCodeAt(0).toString(16).padStart(2, "0")}`,
  );
}

function fieldText(fields: LogFields): string {
  let text = "";
  for (const [name, value] of Object.entries(fields)) {
    const shown = String(value);
    text += ` ${name}=${/^[^\s"=]+$/.test(shown) ? oneLine(shown) : JSON.stringify(shown)}`;
  }
  return text;
}
