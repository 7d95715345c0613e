/** What a gRPC request says about itself (gRPC over HTTP/2, "Requests"). */
import { Method, type RequestHead } from "../../../http/mod.ts";

const contentType = /^application\/grpc($|[+;\s])/i;
const timeout = /^([0-9]{1,8})([HMSmun])$/;
/** Milliseconds of each unit. */
const unitsMs: Readonly<Record<string, number>> = {
  H: 3_600_000,
  M: 60_000,
  S: 1000,
  m: 1,
  u: 1e-3,
  n: 1e-6,
};

/** Whether the request is a gRPC call: failures are answered with a gRPC status then. */
export function isGrpcRequest(head: RequestHead): boolean {
  if (head.method !== Method.post) return false;
  const value = head.field("content-type");
  return value !== null && contentType.test(value);
}

/** `grpc-timeout` in milliseconds; 0: none, or not readable, as a server would see it. */
export function grpcTimeoutMs(head: RequestHead): number {
  const match = timeout.exec(head.field("grpc-timeout") ?? "");
  return match === null ? 0 : Math.max(1, Number(match[1]) * unitsMs[match[2]]);
}
