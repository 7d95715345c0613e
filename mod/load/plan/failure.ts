/** Why a request failed. Each failed request is counted once, under one of these. */
export const failureKinds = [
  "connect",
  "refused",
  "proxy",
  "read",
  "write",
  "timeout",
  "status",
  "truncated",
  "protocol",
  "streamReset",
  "streamRefused",
  "notEventStream",
  "handshake",
  "closed",
] as const;
export type FailureKind = typeof failureKinds[number];

/** What each kind means, for reports and help. */
export const failureMeaning: Readonly<Record<FailureKind, string>> = {
  connect: "the connection could not be made",
  refused: "nothing listens on that address",
  proxy: "the proxy opened no tunnel: the code is its status",
  read: "the connection failed before or during the response",
  write: "the request could not be sent",
  timeout: "no complete response in time",
  status: "the response's status was 400 or above",
  truncated: "the connection ended in the middle of a response",
  protocol: "not a valid HTTP response",
  streamReset: "HTTP/2: the server reset the request's stream",
  streamRefused: "HTTP/2: the server refused the stream, unprocessed",
  notEventStream: "--sse: the response was no event stream",
  handshake: "the server did not open the WebSocket",
  closed: "the server closed the WebSocket during the run",
};
