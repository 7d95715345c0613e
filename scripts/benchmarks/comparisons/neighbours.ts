import type { GaugeComparison, ServerSpec } from "../comparison.ts";
import { hayateFiles } from "../contenders/hayate.ts";
import { nginxPromptFilesHttp2 } from "../contenders/http2_servers.ts";
import { attackedFiles, neighboursDuring } from "../gauges/neighbours.ts";
import { attacks } from "../http2/attacks.ts";

/** The server with the files of an attack instead of its own. */
function withFiles(spec: ServerSpec): ServerSpec {
  return { ...spec, files: (place) => ({ ...spec.files!(place), ...attackedFiles }) };
}

export const http2Neighbours: GaugeComparison = {
  name: "http2-neighbours",
  title: "neighbours' p99 while a server is attacked over HTTP/2, as a multiple",
  judged: "gauge",
  unit: "x",
  programs: ["nginx"],
  settings: attacks.map((attack) =>
    neighboursDuring(attack, [hayateFiles(100), nginxPromptFilesHttp2(100)].map(withFiles))
  ),
  isCore: false,
};
