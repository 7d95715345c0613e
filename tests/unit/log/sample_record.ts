import type { AccessRecord } from "../../../mod/log/mod.ts";

/** A record that may be changed field by field. */
export function sampleRecord(changes: Partial<AccessRecord> = {}): AccessRecord {
  return { ...base, ...changes };
}

const requestFields: Readonly<Record<string, string>> = {
  "referer": "http://e/",
  "user-agent": 'cu"rl\\~\xe9\n',
};

const base: AccessRecord = {
  method: "GET",
  target: "/a/b?x=1&y",
  protocol: "HTTP/1.1",
  authority: "example.org:8080",
  hostName: "example.org",
  status: 200,
  originalStatus: 404,
  responseBodyBytes: 6,
  responseHeadBytes: 120,
  requestBodyBytes: 17,
  // 2026-11-23 14:40:52.123456 UTC
  receivedAtMs: 1795444852123.456,
  connectionId: 42,
  requestIndex: 3,
  error: "",
  requestId: () => "5f0c6d0f4c1e9a7b",
  remoteAddress: () => "192.0.2.1",
  remotePort: () => 40001,
  localAddress: () => "127.0.0.1",
  localPort: () => 8080,
  requestField: (name) => requestFields[name] ?? null,
  responseField: (name) => name === "content-type" ? "text/plain" : null,
  originalResponseField: (name) => name === "content-type" ? "text/html" : null,
  variable: (name) => name === "TEAM" ? "blue" : null,
  timingMs: (timing) =>
    timing === "total" ? 1500 : timing === "process" ? 0.123 : timing === "connect" ? 0 : -1,
  proxyBytes: (what) => what === "response" ? 321 : 0,
  upstream: (what) =>
    what === "addr" ? "127.0.0.1:81" : what === "tries" ? 2 : what === "status" ? null : "app",
  tls: (name) => name === "protocol-version" ? "TLSv1.3" : null,
};
