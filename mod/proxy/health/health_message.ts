/** The two messages of grpc.health.v1.Health/Check, in Protocol Buffers, framed as gRPC frames them. */

/** Flag and length before each message. */
const prefixBytes = 5;
const statuses = ["UNKNOWN", "SERVING", "NOT_SERVING", "SERVICE_UNKNOWN"];
const broken = "not readable";

/** HealthCheckRequest: field 1, the service. */
export function writeHealthRequest(service: string): Uint8Array {
  const name = new TextEncoder().encode(service);
  const field = name.length === 0 ? [] : [0x0a, ...varint(name.length), ...name];
  return Uint8Array.of(0, 0, 0, field.length >> 8, field.length, ...field);
}

/** The status of a HealthCheckResponse: field 1, an enumeration. */
export function readHealth(bytes: Uint8Array): string {
  if (bytes.length < prefixBytes || bytes[0] !== 0) return broken;
  let status = 0;
  for (let at = prefixBytes; at < bytes.length;) {
    const [tag, valueAt] = readVarint(bytes, at);
    const [value, next] = readVarint(bytes, valueAt);
    const wire = tag & 7;
    if (wire !== 0 && wire !== 2) return broken;
    if (tag === 0x08) status = value;
    // A field of a later version of the message is skipped.
    at = wire === 2 ? next + value : next;
    if (at > bytes.length) return broken;
  }
  return statuses[status] ?? String(status);
}

function varint(value: number): number[] {
  const digits = [];
  for (let rest = value;; rest >>= 7) {
    if (rest < 128) return [...digits, rest];
    digits.push(rest & 127 | 128);
  }
}

/** The number at `at`, and where the next begins; beyond the end when it is cut off. */
function readVarint(bytes: Uint8Array, at: number): [value: number, next: number] {
  let value = 0;
  for (let shift = 1, i = at; i < bytes.length; i++, shift *= 128) {
    value += (bytes[i] & 127) * shift;
    if (bytes[i] < 128) return [value, i + 1];
  }
  return [0, bytes.length + 1];
}
