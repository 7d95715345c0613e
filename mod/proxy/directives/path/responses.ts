/** Directives that answer requests themselves or change responses. */
import { type ConfigNode, parseAge } from "../../../config/mod.ts";
import type { CheckStatusFormat, CompressPlan } from "../../plan/plan.ts";
import {
  choice,
  count,
  type Directive,
  everywhere,
  itemsOf,
  levels,
  onOff,
  phases,
  readMap,
  readScalar,
  scalar,
} from "../draft/directive.ts";
import type { LevelDraft } from "../draft/drafts.ts";

const redirectStatus = {
  allowed: "a status from 300 to 399",
  parse: (text: string) => /^3[0-9][0-9]$/.test(text) ? Number(text) : null,
};

/** A URL is sent in a response field: printable ASCII only. */
const urlKind = {
  allowed: "a URL or a path, printable ASCII",
  parse: (text: string) => /^[\x21-\x7e]+$/.test(text) ? text : null,
};

const redirect: Directive = {
  name: "redirect",
  levels: levels.path,
  phase: phases.handler,
  apply(draft, value, name) {
    let url: string | null = null;
    let status = 302;
    let internal = false;
    if (value.kind === "mapping") {
      readMap(draft, name, value, {
        url: (node) => url = readScalar(draft, `${name}.url`, node, urlKind),
        status: (node) => status = readScalar(draft, `${name}.status`, node, redirectStatus) ?? 302,
        internal: (node) => internal = readScalar(draft, `${name}.internal`, node, onOff) ?? false,
      });
    } else {
      url = readScalar(draft, name, value, urlKind);
    }
    if (url === null) {
      if (value.kind === "mapping") {
        draft.problem(value.at, "redirect: `url` is missing");
      }
      return;
    }
    draft.handlers?.push({ kind: "redirect", url, status, internal });
  },
};

const statusHandler: Directive = scalar("status", levels.path, onOff, (draft, isOn) => {
  if (isOn) draft.handlers?.push({ kind: "status" });
}, phases.handler);

const checkStatus: Directive = scalar(
  "check_status",
  levels.path,
  choice("on", "off", "html", "csv", "json", "prometheus"),
  (draft, word) => {
    if (word === "off") return;
    const format: CheckStatusFormat = word === "on" ? "html" : word;
    draft.handlers?.push({ kind: "checkStatus", format });
  },
  phases.handler,
);

const errorStatus = {
  allowed: "a status from 400 to 599",
  parse: (text: string) => /^[45][0-9][0-9]$/.test(text) ? Number(text) : null,
};

const errorDoc: Directive = {
  name: "error-doc",
  levels: everywhere,
  phase: phases.setting,
  apply(draft, value, name) {
    for (const item of itemsOf(value)) {
      if (item.kind !== "mapping") {
        draft.problem(item.at, "error-doc: a mapping with status and url is expected");
        continue;
      }
      let statuses: number[] = [];
      let url: string | null = null;
      readMap(draft, name, item, {
        status: (node) => {
          const all = itemsOf(node).map((one) =>
            readScalar(draft, `${name}.status`, one, errorStatus)
          );
          statuses = all.filter((status) => status !== null);
        },
        url: (node) => url = readScalar(draft, `${name}.url`, node, urlKind),
      });
      if (url === null || statuses.length === 0) {
        draft.problem(item.at, "error-doc: status and url are both needed");
        continue;
      }
      draft.settings.errorDocs = [...draft.settings.errorDocs, { statuses, url }];
    }
  },
};

const expiresKind = {
  allowed: "OFF, or a number and second(s), minute(s), hour(s), day(s), month(s), year(s)",
  parse(text: string): { field: string | null } | null {
    if (text.toUpperCase() === "OFF") return { field: null };
    const seconds = parseAge(text);
    return seconds === null ? null : { field: `max-age=${seconds}` };
  },
};

const expires: Directive = scalar("expires", everywhere, expiresKind, (draft, { field }) => {
  draft.settings.expires = field;
});

const allEncodings: CompressPlan = {
  encodings: ["br", "zstd", "gzip"],
  gzipLevel: 1,
  brotliLevel: 1,
  zstdLevel: 1,
};

const compress: Directive = {
  name: "compress",
  levels: everywhere,
  phase: phases.setting,
  apply(draft, value, name) {
    if (value.kind === "scalar") {
      const isOn = readScalar(draft, name, value, onOff);
      if (isOn !== null) draft.settings.compress = isOn ? allEncodings : null;
    } else if (value.kind === "sequence") {
      const names = value.items.map((item) =>
        readScalar(draft, name, item, choice("br", "zstd", "gzip"))
      );
      draft.settings.compress = {
        ...allEncodings,
        // As in h2o, the order in the file does not express a preference.
        encodings: allEncodings.encodings.filter((word) => names.includes(word)),
      };
    } else {
      draft.settings.compress = readQualities(draft, name, value);
    }
  },
};

/** Reads `{gzip: 9, br: 5}`: the named encodings, each with its level. */
function readQualities(
  draft: LevelDraft,
  name: string,
  value: ConfigNode & { kind: "mapping" },
): CompressPlan {
  const levels = new Map<"br" | "zstd" | "gzip", number>();
  const level = (word: "br" | "zstd" | "gzip", least: number, most: number) =>
  (
    node: ConfigNode,
  ) =>
    void levels.set(
      word,
      readScalar(draft, `${name}.${word}`, node, count(least, most)) ?? 1,
    );
  readMap(draft, name, value, {
    gzip: level("gzip", 1, 9),
    br: level("br", 0, 11),
    zstd: level("zstd", 1, 22),
  });
  return {
    encodings: allEncodings.encodings.filter((word) => levels.has(word)),
    gzipLevel: levels.get("gzip") ?? allEncodings.gzipLevel,
    brotliLevel: levels.get("br") ?? allEncodings.brotliLevel,
    zstdLevel: levels.get("zstd") ?? allEncodings.zstdLevel,
  };
}

export const responseDirectives: readonly Directive[] = [
  redirect,
  statusHandler,
  checkStatus,
  errorDoc,
  expires,
  compress,
  scalar("compress-minimum-size", everywhere, count(0, 2 ** 31), (draft, value) => {
    draft.settings.compressBytesMin = value;
  }),
  scalar("gzip", everywhere, onOff, (draft, isOn) => {
    draft.settings.compress = isOn ? { ...allEncodings, encodings: ["gzip"] } : null;
  }),
  scalar("error-log.emit-request-errors", everywhere, onOff, (draft, value) => {
    draft.settings.emitRequestErrors = value;
  }),
];
