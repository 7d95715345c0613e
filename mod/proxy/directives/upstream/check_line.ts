/** Tengine's `check` line and `check_http_expect_alive` (ngx_http_upstream_check_module). */
import type { Mutable } from "../../../base/mutable.ts";
import { nearest } from "../../../base/nearest.ts";
import { parseCount } from "../../../config/mod.ts";
import { type CheckPlan, type CheckType, checkTypes } from "../../plan/check_plan.ts";
import type {} from "../draft/drafts.ts";
import { joinFaults } from "../draft/word_line.ts";

export const checkDefaults: CheckPlan = {
  type: "tcp",
  intervalMs: 30_000,
  jitterMs: 0,
  fastIntervalMs: 0,
  downIntervalMs: 0,
  timeoutMs: 1000,
  rise: 2,
  fall: 5,
  defaultDown: true,
  port: 0,
  proxyProtocol: 0,
  send: "GET / HTTP/1.0\r\n\r\n",
  aliveClasses: 1 << 2 | 1 << 3,
  match: null,
  grpcService: "",
  command: [],
  tlsVerify: false,
  tlsCaFile: null,
};

/** Other names of type `tls`: Tengine's `ssl_hello`, HAProxy's `ssl`. */
const typeAliases: Readonly<Record<string, CheckType>> = { ssl_hello: "tls", ssl: "tls" };
const typesOfTengine = ["mysql", "ajp", "fastcgi"];

const parameters = [
  "interval=MS",
  "rise=N",
  "fall=N",
  "timeout=MS",
  "default_down=true|false",
  `type=${checkTypes.join("|")}`,
  "port=N",
  "jitter=MS",
  "fastinter=MS",
  "downinter=MS",
  "verify=true|false",
  "grpc_service=NAME",
];

/** Parameters with a number as their value, and the plan's members that hold them. */
const numbers = {
  interval: "intervalMs",
  jitter: "jitterMs",
  fastinter: "fastIntervalMs",
  downinter: "downIntervalMs",
  timeout: "timeoutMs",
  rise: "rise",
  fall: "fall",
  port: "port",
} as const;

/** Returns the check, or an error message in Tengine's words. */
export function parseCheck(text: string): CheckPlan | string {
  const check: Mutable<CheckPlan> = { ...checkDefaults };
  const faults = text.trim().split(/\s+/).map((word) => {
    const wrong = applyWord(check, word);
    return wrong === null ? null : `invalid parameter "${word}"${wrong}`;
  });
  return joinFaults(faults) ?? check;
}

/** Applies one `name=value`. Returns null, or the rest of the error message: what is allowed. */
function applyWord(check: Mutable<CheckPlan>, word: string): string | null {
  const [name, value = ""] = word.split("=", 2);
  if (Object.hasOwn(numbers, name)) {
    const number = parseCount(value);
    // Tengine refuses 0 for all of them.
    const limit = name === "port" ? 65_535 : 2 ** 31 - 1;
    if (number === null || number === 0 || number > limit) return allowed;
    check[numbers[name as keyof typeof numbers]] = number;
    return null;
  }
  switch (name) {
    case "default_down":
    case "verify":
      if (!/^(true|false)$/i.test(value)) return allowed;
      check[name === "verify" ? "tlsVerify" : "defaultDown"] = value.toLowerCase() === "true";
      return null;
    case "type":
      return applyType(check, value);
    case "grpc_service":
      if (!/^[\w.]{1,256}$/.test(value)) return "; allowed: the full name of a service";
      check.grpcService = value;
      return null;
    case "unique":
      return "; every server of every upstream is checked by itself here";
  }
  const near = nearest(name, parameters.map((parameter) => parameter.split("=")[0]));
  return `${near === null ? "" : ` (did you mean ${near}?)`}${allowed}`;
}

const allowed = `; allowed: ${parameters.join(", ")}`;

function applyType(check: Mutable<CheckPlan>, value: string): string | null {
  const type = typeAliases[value] ?? checkTypes.find((known) => known === value);
  if (type !== undefined) {
    check.type = type;
    return null;
  }
  const origin = typesOfTengine.includes(value) ? ": a type of Tengine's that hayate lacks" : "";
  return `${origin}; allowed types: ${checkTypes.join(", ")}`;
}

/** Returns `http_2xx http_3xx` as bits (bit n: status class n), or an error message. */
export function parseAliveClasses(text: string): number | string {
  let classes = 0;
  const faults = text.trim().split(/\s+/).map((word) => {
    const match = /^http_([1-5])xx$/.exec(word);
    if (match === null) {
      return `found \`${word}\`; allowed: http_1xx, http_2xx, http_3xx, http_4xx, http_5xx`;
    }
    classes |= 1 << Number(match[1]);
    return null;
  });
  return joinFaults(faults) ?? classes;
}
