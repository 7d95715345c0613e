/** `real-ip` and `proxy.request-id`: the client's address and the request ID. */
import type { Mutable } from "../../../base/mutable.ts";
import { type MapNode, parseSwitch } from "../../../config/mod.ts";
import type { RealIpPlan, RequestIdPlan } from "../../plan/plan.ts";
import {
  choice,
  type Directive,
  everywhere,
  onOff,
  phases,
  readMap,
  readScalar,
} from "../draft/directive.ts";
import type { LevelDraft } from "../draft/drafts.ts";
import { isFieldName } from "./fields.ts";
import { readPeerSet } from "../draft/peer_set.ts";

const requestIdField = "X-Request-Id";

const fieldName = {
  allowed: "a field name such as X-Forwarded-For",
  parse: (text: string) => isFieldName(text) ? text : null,
};

/** Fields with a standard meaning, which cannot carry a request ID. */
const takenFields = new Set([
  ...["cookie", "expect", "host", "keep-alive", "proxy-connection", "te", "trailer", "via"],
  ...["x-forwarded-for", "x-forwarded-proto"],
]);

const idFieldName = {
  allowed: "a field name such as X-Request-Id",
  parse: (text: string) => takenFields.has(text.toLowerCase()) ? null : fieldName.parse(text),
};

/** The scalar forms of `proxy.request-id`; a mapping is read separately. */
const switchOrName = {
  allowed: "ON, OFF, a field name or a mapping",
  parse: (text: string) => parseSwitch(text) ?? idFieldName.parse(text),
};

const onlyOff = {
  allowed: "OFF, or a mapping with `from`",
  parse: (text: string) => parseSwitch(text) === false ? true : null,
};

const realIp: Directive = {
  name: "real-ip",
  levels: everywhere,
  phase: phases.setting,
  apply(draft, value, name) {
    if (value.kind === "mapping") draft.settings.realIp = readRealIp(draft, value, name);
    else if (readScalar(draft, name, value, onlyOff) !== null) draft.settings.realIp = null;
  },
};

function readRealIp(draft: LevelDraft, value: MapNode, name: string): RealIpPlan {
  const plan: Mutable<RealIpPlan> = {
    from: { ranges: [], unix: false },
    field: "x-forwarded-for",
    recursive: false,
    dropsUntrusted: false,
  };
  let hasFrom = false;
  readMap(draft, name, value, {
    from: (node) => {
      hasFrom = true;
      plan.from = readPeerSet(draft, `${name}.from`, node);
    },
    header: (node) => {
      const field = readScalar(draft, `${name}.header`, node, fieldName);
      if (field !== null) plan.field = field.toLowerCase();
    },
    recursive: (node) =>
      plan.recursive = readScalar(draft, `${name}.recursive`, node, onOff) ?? false,
    untrusted: (node) => {
      const kind = choice("keep", "drop");
      plan.dropsUntrusted = readScalar(draft, `${name}.untrusted`, node, kind) === "drop";
    },
  });
  // `untrusted: drop` alone suits the edge of a network, where no proxy is trusted: no `from`.
  if (!hasFrom && !plan.dropsUntrusted) {
    draft.problem(value.at, `${name}: \`from\` is missing`);
  }
  return plan;
}

const requestId: Directive = {
  name: "proxy.request-id",
  levels: everywhere,
  phase: phases.setting,
  apply(draft, value, name) {
    const plan: Mutable<RequestIdPlan> = {
      field: requestIdField,
      accepts: "trusted",
      answers: false,
    };
    if (value.kind !== "mapping") {
      const word = readScalar(draft, name, value, switchOrName);
      if (typeof word === "string") plan.field = word;
      draft.settings.requestId = word === null || word === false ? null : plan;
      return;
    }
    readMap(draft, name, value, {
      header: (node) =>
        plan.field = readScalar(draft, `${name}.header`, node, idFieldName) ?? requestIdField,
      accept: (node) => {
        const kind = choice("trusted", "any", "none");
        plan.accepts = readScalar(draft, `${name}.accept`, node, kind) ?? "trusted";
      },
      respond: (node) => plan.answers = readScalar(draft, `${name}.respond`, node, onOff) ?? false,
    });
    draft.settings.requestId = plan;
  },
};

export const identityDirectives: readonly Directive[] = [realIp, requestId];
