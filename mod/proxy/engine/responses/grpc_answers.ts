/** Failures of our own as gRPC clients understand them: a gRPC status in a 200 response. */
import type { Exchange } from "../../../conn/exchange/exchange.ts";
import { Framing, latin1Bytes } from "../../../http/mod.ts";
import type { ConnectionFacts } from "../clients/connection_facts.ts";
import type { ServerFields } from "../fields/server_fields.ts";
import type { Route } from "../routes/routes.ts";
import { changeFields } from "./changed_fields.ts";

/** Codes of gRPC. */
const Status = {
  unknown: 2,
  deadlineExceeded: 4,
  permissionDenied: 7,
  resourceExhausted: 8,
  unimplemented: 12,
  internal: 13,
  unavailable: 14,
  unauthenticated: 16,
} as const;

/** Our HTTP statuses. A 504 of ours is always a timeout. */
const byStatus = new Map<number, number>([
  [400, Status.internal],
  [401, Status.unauthenticated],
  [403, Status.permissionDenied],
  [404, Status.unimplemented],
  [405, Status.unimplemented],
  [408, Status.deadlineExceeded],
  [413, Status.resourceExhausted],
  [429, Status.unavailable],
  [500, Status.internal],
  [502, Status.unavailable],
  [503, Status.unavailable],
  [504, Status.deadlineExceeded],
  [507, Status.resourceExhausted],
]);

/** The gRPC status of a failure that HTTP clients get as `status`. */
export function grpcStatusOf(status: number): number {
  return byStatus.get(status) ?? Status.unknown;
}

/** Answers with a head alone, which carries the status ("Trailers-Only"). */
export function answerGrpc(
  exchange: Exchange,
  route: Route,
  server: ServerFields,
  status: number,
  reason: string,
): void {
  const writer = exchange.beginHead(200, undefined, false);
  let fields = [
    { name: "content-type", value: "application/grpc" },
    { name: "grpc-status", value: String(grpcStatusOf(status)) },
    { name: "grpc-message", value: messageOf(reason) },
  ];
  if (route.changesResponses) fields = changeFields(fields, 200, route);
  for (const { name, value } of fields) writer.field(name, value);
  server.writeOwn(writer);
  (exchange.keptContext as ConnectionFacts).answeredId?.writeLine(writer);
  exchange.endHead(Framing.none);
  exchange.endBody();
}

/** Trailer field lines that end a response which has begun. */
export function grpcTrailers(status: number, reason: string): Uint8Array {
  const message = messageOf(reason);
  return latin1Bytes(`grpc-status: ${grpcStatusOf(status)}\r\ngrpc-message: ${message}\r\n`);
}

/** Percent-encoded outside of printable ASCII, as gRPC asks. */
function messageOf(reason: string): string {
  return reason.replace(/[^ -$&-~]/gu, (letter) => encodeURIComponent(letter));
}
