/** `file.*`: static files and how they are served. */
import type { ConfigNode } from "../../../config/mod.ts";
import {
  anyText,
  choice,
  type Directive,
  everywhere,
  itemsOf,
  levels,
  onOff,
  phases,
  readScalar,
  scalar,
} from "../draft/directive.ts";
import type { LevelDraft } from "../draft/drafts.ts";

const folderKind = {
  allowed: "a path",
  parse: (text: string) => text === "" || text.includes("\0") ? null : text,
};

function sendCompressed(name: string): Directive {
  return scalar(name, everywhere, choice("off", "on", "gunzip"), (draft, value) => {
    draft.settings.file.sendCompressed = value;
  });
}

/** Reads `type: extension` or `type: [extensions]`. Returns pairs of extension and type. */
function readTypes(draft: LevelDraft, name: string, value: ConfigNode): [string, string][] {
  if (value.kind !== "mapping") {
    draft.problem(value.at, `${name}: a mapping of types to extensions is expected`);
    return [];
  }
  return value.pairs.flatMap(({ key, value: extensions }) => {
    // Later h2o versions describe a type with a mapping:
    // {extensions: [...], is_compressible, priority}. Only the extensions are used.
    const list = extensions.kind === "mapping"
      ? extensions.pairs.filter((pair) => pair.key.text === "extensions").flatMap((pair) =>
        itemsOf(pair.value)
      )
      : itemsOf(extensions);
    return readExtensions(draft, name, list).map((
      extension,
    ): [string, string] => [extension, key.text]);
  });
}

function readExtensions(draft: LevelDraft, name: string, items: readonly ConfigNode[]): string[] {
  const kind = {
    allowed: "an extension that starts with a dot",
    parse: (text: string) => /^\.[^/\s]+$/.test(text) ? text.toLowerCase() : null,
  };
  return items.map((item) => readScalar(draft, name, item, kind)).filter((text) => text !== null);
}

function mimeDirective(
  action: "addtypes" | "settypes" | "removetypes",
): Directive {
  return {
    name: `file.mime.${action}`,
    levels: everywhere,
    phase: phases.setting,
    apply(draft, value, name) {
      const { file } = draft.settings;
      const types = new Map(action === "settypes" ? [] : file.mimeTypes);
      if (action === "removetypes") {
        for (const extension of readExtensions(draft, name, itemsOf(value))) {
          types.set(extension, null);
        }
      } else {
        for (const [extension, type] of readTypes(draft, name, value)) types.set(extension, type);
      }
      if (action === "settypes") file.mimeTypesOnly = true;
      file.mimeTypes = types;
    },
  };
}

function handler(name: "file.dir" | "file.file"): Directive {
  return scalar(name, levels.path, folderKind, (draft, path, at) => {
    // Only a notice: the path may be created later; until then requests are answered with 404.
    const missing = draft.plan.host.inspectPath(path, name === "file.dir");
    if (missing !== null) draft.notice(at, `${name}: ${path}: ${missing}`);
    draft.handlers?.push({ kind: "file", path, isFolder: name === "file.dir" });
  }, phases.handler);
}

export const fileDirectives: readonly Directive[] = [
  handler("file.dir"),
  handler("file.file"),
  {
    name: "file.index",
    levels: everywhere,
    phase: phases.setting,
    apply(draft, value, name) {
      const names = itemsOf(value).map((item) => readScalar(draft, name, item, anyText));
      draft.settings.file.indexFiles = names.filter((text) => text !== null);
    },
  },
  scalar("file.dirlisting", everywhere, onOff, (draft, value) => {
    draft.settings.file.dirListing = value;
  }),
  scalar("file.etag", everywhere, onOff, (draft, value) => {
    draft.settings.file.etag = value;
  }),
  sendCompressed("file.send-compressed"),
  sendCompressed("file.send-gzip"),
  mimeDirective("addtypes"),
  mimeDirective("settypes"),
  mimeDirective("removetypes"),
  scalar("file.mime.setdefaulttype", everywhere, anyText, (draft, value) => {
    draft.settings.file.mimeDefault = value;
  }),
];
