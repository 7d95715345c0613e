/** What language a remote module is in: by its content type, or else by its name (as Deno has it). */

/** esbuild's names. */
export type MediaKind = "js" | "jsx" | "ts" | "tsx" | "json";

const byType: Readonly<Record<string, MediaKind>> = {
  "application/javascript": "js",
  "application/json": "json",
  "application/typescript": "ts",
  "application/x-javascript": "js",
  "application/x-typescript": "ts",
  "text/javascript": "js",
  "text/jscript": "js",
  "text/json": "json",
  "text/jsx": "jsx",
  "text/tsx": "tsx",
  "text/typescript": "ts",
  "video/mp2t": "ts",
  "video/vnd.dlna.mpeg-tts": "ts",
};

/** `contentType` null: it is not known, because the name says the same. */
export function mediaKind(url: URL, contentType: string | null): MediaKind {
  const byName = kindOfName(url.pathname);
  const type = contentType?.split(";")[0].trim().toLowerCase() ?? "";
  const kind = byType[type];
  // Servers have one type for both.
  if (kind === "ts" && byName === "tsx") return "tsx";
  if (kind === "js" && byName === "jsx") return "jsx";
  return kind ?? byName ?? "js";
}

function kindOfName(path: string): MediaKind | null {
  const extension = /\.(?:[cm]?(js|ts)|(jsx|tsx|json))$/.exec(path);
  return (extension?.[1] ?? extension?.[2] ?? null) as MediaKind | null;
}
