/** Tengine's `check` line and what belongs to it (ngx_http_upstream_check_module). */
import { parseCount } from "../../config/mod.ts";
import type { CheckPlan } from "../plan.ts";
import type { Mutable } from "./drafts.ts";

export const checkDefaults: CheckPlan = {
  type: "tcp",
  intervalMs: 30_000,
  timeoutMs: 1000,
  rise: 2,
  fall: 5,
  defaultDown: true,
  port: 0,
  send: "GET / HTTP/1.0\r\n\r\n",
  aliveClasses: 1 << 2 | 1 << 3,
};

const allowed =
  "interval=MS, rise=N, fall=N, timeout=MS, default_down=true|false, type=tcp|http, port=N";

/** The check, or a string that says what is wrong, in Tengine's words. */
export function parseCheck(text: string): CheckPlan | string {
  const check: Mutable<CheckPlan> = { ...checkDefaults };
  for (const word of text.trim().split(/\s+/)) {
    if (word === "" || !applyWord(check, word)) {
      return `invalid parameter "${word}"; allowed: ${allowed}`;
    }
  }
  return check;
}

/** Applies one `name=value`; false when there is no such thing. Tengine refuses 0 everywhere. */
function applyWord(check: Mutable<CheckPlan>, word: string): boolean {
  const [name, value = ""] = word.split("=", 2);
  const number = parseCount(value);
  const positive = number !== null && number > 0 && number < 2 ** 31 ? number : null;
  switch (name) {
    case "interval":
      return positive !== null && (check.intervalMs = positive) > 0;
    case "timeout":
      return positive !== null && (check.timeoutMs = positive) > 0;
    case "rise":
      return positive !== null && (check.rise = positive) > 0;
    case "fall":
      return positive !== null && (check.fall = positive) > 0;
    case "port":
      return positive !== null && positive <= 65_535 && (check.port = positive) > 0;
    case "default_down":
      if (!/^(true|false)$/i.test(value)) return false;
      check.defaultDown = value.toLowerCase() === "true";
      return true;
    case "type":
      if (value !== "tcp" && value !== "http") return false;
      check.type = value;
      return true;
  }
  return false;
}

/** Bits of `http_2xx http_3xx`, or a string that says what is wrong. */
export function parseAliveClasses(text: string): number | string {
  let classes = 0;
  for (const word of text.trim().split(/\s+/)) {
    const match = /^http_([1-5])xx$/.exec(word);
    if (match === null) {
      return `found \`${word}\`; allowed: http_1xx, http_2xx, http_3xx, http_4xx, http_5xx`;
    }
    classes |= 1 << Number(match[1]);
  }
  return classes;
}
