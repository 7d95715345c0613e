/** Directives of the global level. */
import { tokenForm } from "../../conn/accept/access_token.ts";
import { type HostAddress, parseHostAddress } from "../../config/mod.ts";
import { parseLogTarget } from "../../log/mod.ts";
import {
  anyText,
  choice,
  count,
  type Directive,
  duration,
  levels,
  onOff,
  phases,
  readLine,
  readMap,
  readScalar,
  scalar,
  type ScalarKind,
} from "./draft/directive.ts";
import { cpuMax, parseCpuList } from "../../process/cpus.ts";
import { faultOf } from "./path/logs.ts";
import { parseResolver } from "./upstream/resolver_line.ts";
import { checkMemoryNotice } from "./upstream/check_keys.ts";
import { userDirective } from "./user.ts";

const countMax = 2 ** 31 - 1;

/** One CPU or several. */
const cpuRange: ScalarKind<readonly number[]> = {
  allowed: `a CPU from 0 to ${cpuMax}, or a range such as 0-3`,
  parse: (text) => text.includes(",") ? null : parseCpuList(text),
};

/** Each worker costs memory and listening sockets; a larger number is a typing error. */
const workersMax = 256;

export const globalDirectives: readonly Directive[] = [
  scalar("max-connections", levels.global, count(0, countMax), (draft, value) => {
    draft.plan.global.connectionsMax = value;
  }),
  {
    name: "num-threads",
    levels: levels.global,
    phase: phases.setting,
    apply(draft, value, name) {
      // As in h2o, a list has a CPU for each worker.
      if (value.kind === "sequence" && value.items.length > 0) {
        const cpus = value.items.flatMap((item) => readScalar(draft, name, item, cpuRange) ?? []);
        if (cpus.length > workersMax) {
          const what = `num-threads: the value names ${cpus.length} CPUs`;
          return draft.problem(value.at, `${what}; allowed: up to ${workersMax}`);
        }
        draft.plan.global.cpus = cpus;
        draft.plan.global.workers = Math.max(1, cpus.length);
        return;
      }
      draft.plan.global.cpus = [];
      const workers = readScalar(draft, name, value, count(1, workersMax));
      if (workers !== null) draft.plan.global.workers = workers;
    },
  },
  scalar("limit-request-body", levels.global, count(0, Number.MAX_SAFE_INTEGER), (draft, value) => {
    draft.plan.global.requestBodyBytesMax = value;
  }),
  scalar("limit-request-line", levels.global, count(1024, 131_072), (draft, value) => {
    draft.plan.global.requestLineBytesMax = value;
  }),
  scalar("handshake-timeout", levels.global, duration(1000), (draft, value) => {
    draft.plan.global.handshakeTimeoutMs = value;
  }),
  scalar(
    "ssl-offload",
    levels.global,
    choice("off", "kernel", "auto", "zerocopy"),
    (draft, value, at) => {
      if (value !== "zerocopy") draft.plan.global.tlsOffload = value;
      else draft.notice(at, "ssl-offload: hayate ignores zerocopy, which is OFF here");
    },
  ),
  scalar("http1-request-timeout", levels.global, duration(1000), (draft, value) => {
    draft.plan.global.headTimeoutMs = value;
  }),
  scalar("http1-request-io-timeout", levels.global, duration(1000), (draft, value) => {
    draft.plan.global.bodyTimeoutMs = value;
  }),
  scalar("http1-idle-timeout", levels.global, duration(1000), (draft, value) => {
    draft.plan.global.idleTimeoutMs = value;
  }),
  scalar("http1-allow-half-open", levels.global, onOff, (draft, value) => {
    draft.plan.global.allowHalfOpen = value;
  }),
  scalar("drain-timeout", levels.global, duration(1000), (draft, value) => {
    draft.plan.global.drainTimeoutMs = value;
  }),
  scalar("drain-idle-timeout", levels.global, duration(1000), (draft, value) => {
    draft.plan.global.drainIdleMs = value;
  }),
  {
    name: "resolver",
    levels: levels.global,
    phase: phases.setting,
    apply(draft, value, name) {
      draft.plan.global.resolver = readLine(draft, name, value, parseResolver);
    },
  },
  scalar("state", levels.global, anyText, (draft, value) => {
    draft.plan.global.stateFile = value;
  }),
  scalar("pid-file", levels.global, anyText, (draft, value) => {
    draft.plan.global.pidFile = value;
  }),
  scalar("error-log", levels.global, anyText, (draft, value, at) => {
    const wrong = faultOf(parseLogTarget, value);
    if (wrong !== null) return draft.problem(at, `error-log: ${wrong}`);
    draft.plan.global.errorLog = value;
  }),
  userDirective,
  // Tengine has this directive outside its upstreams.
  scalar("check_shm_size", levels.global, anyText, (draft, _value, at) => {
    draft.notice(at, checkMemoryNotice);
  }),
  scalar("server-name", levels.global, anyText, (draft, value) => {
    draft.plan.global.serverName = value;
  }),
  scalar(
    "send-informational",
    levels.global,
    choice("except-h1", "none", "all"),
    (draft, value) => {
      draft.plan.global.sendInformational = value;
    },
  ),
  scalar("send-server-name", levels.global, choice("on", "off", "preserve"), (draft, value) => {
    draft.plan.global.sendServerName = value;
  }),
  scalar("proxy.preserve-x-forwarded-proto", levels.global, onOff, (draft, value) => {
    draft.plan.global.preserveForwardedProto = value;
  }),
  scalar("proxy.emit-x-forwarded-headers", levels.global, onOff, (draft, value) => {
    draft.plan.global.emitForwardedFields = value;
  }),
  scalar("proxy.emit-via-header", levels.global, onOff, (draft, value) => {
    draft.plan.global.emitVia = value;
  }),
  scalar("proxy.emit-missing-date-header", levels.global, onOff, (draft, value) => {
    draft.plan.global.emitMissingDate = value;
  }),
  {
    name: "control",
    levels: levels.global,
    phase: phases.setting,
    apply(draft, value, name) {
      const tokenKind = {
        allowed: "one or more visible characters of ASCII",
        parse: (text: string) => tokenForm.test(text) ? text : null,
      };
      const addressKind = {
        allowed: "a unix path, host:port or port",
        parse: (text: string) => parseHostAddress(text, null),
      };
      let address: HostAddress | null = null;
      let writable = false;
      let token: string | null = null;
      // An invalid token has been reported already; it must not be reported as missing, too.
      let namesToken = false;
      if (value.kind === "mapping") {
        readMap(draft, name, value, {
          listen: (node) => address = readScalar(draft, `${name}.listen`, node, addressKind),
          write: (node) => writable = readScalar(draft, `${name}.write`, node, onOff) ?? false,
          token: (node) => {
            namesToken = true;
            token = readScalar(draft, `${name}.token`, node, tokenKind);
          },
        });
      } else {
        address = readScalar(draft, name, value, addressKind);
      }
      if (address === null) {
        if (value.kind === "mapping") {
          draft.problem(value.at, "control: `listen` is missing");
        }
        return;
      }
      const { kind } = address as HostAddress;
      if (kind === "tcp" && token === null && !namesToken) {
        draft.problem(
          value.at,
          "control: a TCP address needs a `token`; or use a unix path",
        );
      }
      draft.plan.global.control = { address, writable, token };
    },
  },
];
