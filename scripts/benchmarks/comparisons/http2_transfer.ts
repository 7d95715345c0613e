/** Load generators and large bodies over HTTP/2. */
import type { Comparison, ServerComparison } from "../comparison.ts";
import { h2load, loadHttp2 } from "../contenders/http2_clients.ts";
import { hayateFiles } from "../contenders/hayate.ts";
import { nginxFilesHttp2, nginxReturnHttp2 } from "../contenders/http2_servers.ts";

export const http2Load: Comparison = {
  name: "http2-load",
  title: "load generators over HTTP/2, -t1, 32 at once, against nginx `return 200`",
  judged: "client",
  targets: [nginxReturnHttp2],
  contenders: [loadHttp2(32), h2load(32)],
  transports: ["tcp"],
  connections: [10],
  goal: 1,
  isCore: false,
};

const mb = 1_000_000;

/** Windows of 1 GB, so that the servers' own speed counts. */
const driver = h2load(1, "-w30", "-W30");

function download(name: string, bytes: number, isTls: boolean): ServerComparison {
  return {
    name,
    title: `files of ${bytes / mb} MB over HTTP/2${isTls ? " and TLS" : ""}`,
    judged: "server",
    driver,
    contenders: [hayateFiles(bytes), nginxFilesHttp2(bytes)],
    transports: ["tcp"],
    connections: [4],
    isTls,
    goal: 0.95,
    isCore: false,
  };
}

export const http2Files: readonly ServerComparison[] = [
  download("http2-1mb", mb, false),
  download("http2-1mb-tls", mb, true),
  download("http2-100mb", 100 * mb, false),
];
