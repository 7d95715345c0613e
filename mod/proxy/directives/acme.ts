/** `acme`: certificates from a CA, in h2o's words and a few more. */
import type { Mutable } from "../../base/mutable.ts";
import type { ConfigNode } from "../../config/mod.ts";
import { keyTypes } from "../../acme/der/key.ts";
import { acmeDefaults, type AcmeSettings } from "../../acme/core/settings.ts";
import {
  anyText,
  choice,
  count,
  type Directive,
  levels,
  onOff,
  phases,
  readMap,
  readScalar,
} from "./draft/directive.ts";
import type { LevelDraft } from "./draft/drafts.ts";

const name = "acme";

const emailKind = {
  allowed: "an address such as admin@example.com",
  parse: (text: string) => /^[^\s@]+@[^\s@]+$/.test(text) ? text : null,
};
const urlKind = {
  allowed: "an https URL",
  parse: (text: string) => URL.canParse(text) && /^https?:/.test(text) ? text : null,
};
const portKind = count(1, 65_535);
const macKeyKind = {
  allowed: "the key in base64url, as the CA gives it",
  parse: (text: string) => /^[A-Za-z0-9_-]+$/.test(text) && text.length % 4 !== 1 ? text : null,
};

export const acmeDirective: Directive = {
  name,
  levels: levels.global,
  phase: phases.setting,
  apply(draft, value) {
    if (value.kind !== "mapping") {
      return draft.problem(value.at, `${name}: a mapping with \`accept-tos\` is expected`);
    }
    const settings: Mutable<AcmeSettings> = { ...acmeDefaults };
    let acceptsTerms = false;
    const text = (key: string, node: ConfigNode) =>
      readScalar(draft, `${name}.${key}`, node, anyText);
    readMap(draft, name, value, {
      "accept-tos": (node) =>
        acceptsTerms = readScalar(draft, `${name}.accept-tos`, node, onOff) ?? true,
      email: (node) => settings.email = readScalar(draft, `${name}.email`, node, emailKind),
      directory: (node) =>
        settings.directory = readScalar(draft, `${name}.directory`, node, urlKind) ?? "",
      "ca-file": (node) => settings.caFile = text("ca-file", node),
      profile: (node) => settings.profile = text("profile", node),
      eab: (node) => settings.eab = readBinding(draft, node),
      "key-type": (node) =>
        settings.keyType = readScalar(draft, `${name}.key-type`, node, choice(...keyTypes)) ??
          settings.keyType,
      "http-port": (node) =>
        settings.httpPort = readScalar(draft, `${name}.http-port`, node, portKind) ?? 0,
      "tls-port": (node) =>
        settings.tlsPort = readScalar(draft, `${name}.tls-port`, node, portKind) ?? 0,
      state: (node) => settings.state = text("state", node) ?? settings.state,
      loader: (node) =>
        draft.notice(node.at, `${name}.loader: hayate orders certificates itself; it is ignored`),
    });
    if (!acceptsTerms) {
      draft.problem(
        value.at,
        `${name}: the CA's terms of service are not accepted; \`accept-tos: YES\` accepts them`,
      );
    }
    draft.plan.global.acme = {
      ...settings,
      ...{ folder: null, standIn: null, fault: null },
      at: value.at,
    };
  },
};

function readBinding(draft: LevelDraft, node: ConfigNode): AcmeSettings["eab"] {
  let [kid, key]: (string | null)[] = [null, null];
  if (node.kind === "mapping") {
    readMap(draft, `${name}.eab`, node, {
      kid: (value) => kid = readScalar(draft, `${name}.eab.kid`, value, anyText),
      key: (value) => key = readScalar(draft, `${name}.eab.key`, value, macKeyKind),
    });
  }
  if (kid !== null && key !== null) return { kid, key };
  draft.problem(node.at, `${name}.eab: a mapping with \`kid\` and \`key\` is expected`);
  return null;
}
