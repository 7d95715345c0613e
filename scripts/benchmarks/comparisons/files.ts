import type { ServerComparison } from "../comparison.ts";
import { hayateFiles } from "../contenders/hayate.ts";
import { nginxFiles } from "../contenders/nginx.ts";

export const files: ServerComparison = filesOf("files", 10_000, "10,000 bytes");
export const filesSmall: ServerComparison = filesOf("files-1k", 1000, "1,000 bytes");
export const filesLarge: ServerComparison = filesOf("files-100k", 100_000, "100 KB");
export const filesHuge: ServerComparison = filesOf("files-10m", 10_000_000, "10 MB");

function filesOf(name: string, bytes: number, size: string): ServerComparison {
  return {
    name,
    title: `static servers with sendfile, one file of ${size}, one worker`,
    judged: "server",
    contenders: [hayateFiles(bytes), nginxFiles(bytes)],
    transports: ["tcp", "unix"],
    connections: [50],
    goal: 1,
    isCore: false,
  };
}
