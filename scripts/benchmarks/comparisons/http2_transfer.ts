/** Load generators and large bodies over HTTP/2. */
import type { ClientComparison, ServerComparison } from "../comparison.ts";
import { floorServerSink } from "../contenders/floor.ts";
import { hayateFiles, hayateProxy } from "../contenders/hayate.ts";
import {
  h2load,
  h2loadDownload,
  h2loadUpload,
  loadHttp2,
  type Transfer,
} from "../contenders/http2_clients.ts";
import {
  nginxFilesHttp2,
  nginxReturnVariedHttp2,
  nginxStreamingProxyHttp2,
} from "../contenders/http2_servers.ts";

export const http2Load: ClientComparison = {
  name: "http2-load",
  title: "load generators over HTTP/2, -t1, 32 at once, varied answers",
  judged: "client",
  targets: [nginxReturnVariedHttp2],
  contenders: [loadHttp2(32), h2load(32)],
  transports: ["tcp"],
  connections: [10],
  secondsMin: 2,
  goal: 1,
  isCore: true,
};

const mb = 1_000_000;
const small: Transfer = { bytes: mb, perSecond: 400 };
const large: Transfer = { bytes: 100 * mb, perSecond: 4 };

const common = {
  judged: "server",
  transports: ["tcp"],
  goal: 0.95,
} as const;

/** From disk to the client. */
function download(name: string, transfer: Transfer, isTls: boolean): ServerComparison {
  const { bytes } = transfer;
  return {
    ...common,
    name,
    title: `files of ${bytes / mb} MB over HTTP/2${isTls ? " and TLS" : ""}`,
    driver: h2loadDownload(transfer),
    contenders: [hayateFiles(bytes), nginxFilesHttp2(bytes)],
    connections: [connectionsFor(transfer)],
    secondsMin: secondsFor(transfer),
    isTls,
    isCore: isTls && bytes === mb,
  };
}

/** From the client to an upstream that reads it, because nginx itself drops a body or stores it. */
function upload(name: string, transfer: Transfer, isTls: boolean): ServerComparison {
  const { bytes } = transfer;
  return {
    ...common,
    name,
    title: `uploads of ${bytes / mb} MB over HTTP/2${isTls ? " and TLS" : ""} through proxies`,
    driver: h2loadUpload(transfer),
    upstreams: [floorServerSink],
    contenders: [hayateProxy, nginxStreamingProxyHttp2],
    connections: [connectionsFor(transfer)],
    secondsMin: secondsFor(transfer),
    isTls,
    isCore: isTls && bytes === mb,
  };
}

/** So that each connection has work to the end. */
function connectionsFor({ perSecond }: Transfer): number {
  return Math.min(4, perSecond / 4);
}

/** A handful of bodies in a run is too few. */
function secondsFor({ perSecond }: Transfer): number {
  return perSecond < 100 ? 3 : 1;
}

export const http2Transfers: readonly ServerComparison[] = [
  download("http2-1mb", small, false),
  download("http2-1mb-tls", small, true),
  download("http2-100mb", large, false),
  download("http2-100mb-tls", large, true),
  upload("http2-upload-1mb", small, false),
  upload("http2-upload-1mb-tls", small, true),
  upload("http2-upload-100mb", large, false),
  upload("http2-upload-100mb-tls", large, true),
];
