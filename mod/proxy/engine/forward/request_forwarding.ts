/** The head sent to an upstream: the client's head without hop-by-hop fields. */
import {
  ConstantBytes,
  FieldKind,
  HeadWriter,
  latin1,
  Method,
  type RequestHead,
} from "../../../http/mod.ts";
import type { Router } from "../../routing/router.ts";
import type { ConnectionFacts } from "../clients/connection_facts.ts";
import { FieldRuns } from "../fields/field_runs.ts";
import { applyRequestRules, type Field } from "../fields/field_rules.ts";
import type { ProxyRoute } from "./proxy_route.ts";
import { SpecialFields } from "../fields/special_fields.ts";
import type { Session } from "./sticky.ts";

/** What follows the target in a request line. */
export const versionEnd = new ConstantBytes(" HTTP/1.1\r\n");
const hostName = new ConstantBytes("host: ");
/** By the version in which the request came (RFC 9110 7.6.3). */
const viaStart = {
  1: new ConstantBytes("via: 1.1 "),
  2: new ConstantBytes("via: 2 "),
} as const;
const viaNext = { 1: new ConstantBytes(", 1.1 "), 2: new ConstantBytes(", 2 ") } as const;
const forwardedForName = new ConstantBytes("x-forwarded-for: ");
const listComma = new ConstantBytes(", ");
const colon = 0x3a;
const closeLine = new ConstantBytes("connection: close\r\n");
const upgradeLines = new ConstantBytes("connection: upgrade\r\nupgrade: websocket\r\n");

/** Fields distinguished by name here; the codec knows the others (`FieldKind`). */
const Special = {
  none: 0,
  drop: 1,
  forwardedFor: 2,
  forwardedProto: 3,
  via: 4,
  cookie: 5,
} as const;
type Special = typeof Special[keyof typeof Special];

const specialFields = new SpecialFields<Special>(
  [
    ["via", Special.via],
    ["cookie", Special.cookie],
    ["x-forwarded-for", Special.forwardedFor],
    ["x-forwarded-proto", Special.forwardedProto],
    ["http2-settings", Special.drop],
    ["proxy-authenticate", Special.drop],
    ["proxy-authorization", Special.drop],
    // Listed for their look-alikes; `isEndToEnd` handles the fields themselves. Puma once framed
    // bodies by `Transfer_Encoding` too.
    ["content-length", Special.none],
    ["transfer-encoding", Special.drop],
    ["proxy-connection", Special.drop],
    ["keep-alive", Special.drop],
  ],
  Special.none,
  Special.drop,
);

const runs = new FieldRuns();

/**
 * Whether a request without a body is a WebSocket handshake (RFC 6455 4.1: a GET) on a path that
 * allows tunnels. Like h2o, forwards no other Upgrade.
 */
export function asksForTunnel(head: RequestHead, route: ProxyRoute): boolean {
  return route.tunnel && head.upgrade && head.method === Method.get;
}

/**
 * Whether the client says `TE: trailers` (RFC 9110 10.1.4). The field itself is hop-by-hop: it is not
 * copied, and sent again where it has a use.
 */
export function acceptsTrailers(head: RequestHead): boolean {
  for (let i = 0; i < head.fieldCount; i++) {
    if (head.kinds[i] === FieldKind.te && /(^|[\s,])trailers($|[\s,;])/i.test(head.value(i))) {
      return true;
    }
  }
  return false;
}

/**
 * Writes the head of a forwarded request into `writer`, up to its last field line. Lines that frame
 * the body are never copied: the upstream connection adds them.
 */
export function writeRequestHead(
  writer: HeadWriter,
  head: RequestHead,
  router: Router<unknown>,
  route: ProxyRoute,
  facts: ConnectionFacts,
  session: Session | null,
  /** The request is a WebSocket handshake (`asksForTunnel`). */
  isHandshake: boolean,
): void {
  writer.clear();
  writer.known.isWanted = route.upstream.mayUseHttp2;
  // Nothing is replaced, so method and target are one run of bytes.
  if (route.keepsTarget && router.restBytes === head.bytes && head.targetStart === head.pathStart) {
    writer.copyOf(head, head.methodStart, head.targetEnd);
  } else {
    writer.copyOf(head, head.methodStart, head.methodEnd + 1);
    writeTarget(writer, head, router, route);
  }
  writer.constant(versionEnd);
  writeHost(writer, head, route);
  writeAfterHost(writer, head, route, facts, session, isHandshake);
}

/** Writes the field lines after Host. */
export function writeAfterHost(
  writer: HeadWriter,
  head: RequestHead,
  route: ProxyRoute,
  facts: ConnectionFacts,
  session: Session | null,
  isHandshake: boolean,
): void {
  if (route.requestRules.length > 0) {
    writeRuledFields(writer, head, route, facts, session);
  } else {
    writeFields(writer, head, route, facts, session);
  }
  if (isHandshake) {
    writer.constant(upgradeLines);
  } else if (!route.keepsConnections) {
    writer.constant(closeLine);
  }
}

/**
 * Methods for which an origin expects content. Without any, a length of 0 is announced (RFC 9110
 * 8.6), because some origins respond 411 otherwise. h2o does so for POST and PUT.
 */
export function announcesNothing(method: Method): boolean {
  return method === Method.post || method === Method.put || method === Method.patch;
}

/** Writes the base path, what follows the matched prefix, and the query. */
function writeTarget(
  writer: HeadWriter,
  head: RequestHead,
  router: Router<unknown>,
  route: ProxyRoute,
): void {
  const hasRest = router.restEnd > router.restStart;
  const base = hasRest ? route.base : route.baseAlone;
  writer.copy(base, 0, base.length);
  if (hasRest) writer.copy(router.restBytes, router.restStart, router.restEnd);
  if (router.queryEnd > router.queryStart) {
    writer.copyOf(head, router.queryStart, router.queryEnd);
  }
}

/** Writes the Host line: the client's, or that of the upstream's URL. */
export function writeHost(writer: HeadWriter, head: RequestHead, route: ProxyRoute): void {
  if (!route.preserveHost || head.hostStart < 0) {
    writer.constant(route.hostLine);
    return;
  }
  const start = writer.length;
  writer.constant(hostName);
  writer.copyOf(head, head.hostStart, head.hostEnd);
  writer.lineEnd();
  if (writer.known.isWanted && head.hostNumber > 0) {
    writer.known.add(start, start + hostName.length - 2, writer.length, head.hostNumber);
  }
}

/** Whether field `index` is forwarded unchanged; `specialFields` is checked separately. */
function isEndToEnd(head: RequestHead, index: number): boolean {
  const kind = head.kinds[index];
  if (
    kind === FieldKind.host || kind === FieldKind.contentLength || kind === FieldKind.expect ||
    kind >= FieldKind.connection
  ) return false;
  return !head.connectionNamesFields || !head.namedByConnection(index);
}

function writeFields(
  writer: HeadWriter,
  head: RequestHead,
  route: ProxyRoute,
  facts: ConnectionFacts,
  session: Session | null,
): void {
  let forwardedFor = -1;
  let via = -1;
  let hasProto = false;
  const { emitForwarded, emitVia } = route;
  const { untrustedFields, requestId } = facts;
  const keepsProto = route.preserveForwardedProto || facts.isTrusted;
  for (let i = 0; i < head.fieldCount; i++) {
    if (!isEndToEnd(head, i)) continue;
    if (untrustedFields !== null && untrustedFields.isUnwanted(head, i, facts.isTrusted)) continue;
    if (requestId !== null && requestId.isField(head, i)) continue;
    const special = specialFields.of(head, i);
    if (special === Special.forwardedProto) hasProto = keepsProto;
    if (special === Special.none) {
      runs.keep(writer, head, i);
    } else if (special === Special.forwardedFor && emitForwarded) {
      if (forwardedFor < 0) forwardedFor = i;
    } else if (special === Special.via && emitVia) {
      if (via < 0) via = i;
    } else if (special === Special.forwardedProto && !keepsProto) {
      continue;
    } else if (special === Special.cookie && session !== null && session.changesRequest) {
      const value = session.requestCookie(head.value(i));
      if (value !== "") {
        if (head.isNeverIndexed(i)) writer.neverIndexed.add(writer.length);
        writer.field("cookie", value);
      }
    } else if (special !== Special.drop) {
      runs.keep(writer, head, i);
    }
  }
  runs.flush(writer, head);
  if (emitForwarded) {
    const addsProto = !route.preserveForwardedProto && !hasProto;
    writeForwarded(writer, head, facts, forwardedFor, addsProto);
  }
  if (requestId !== null) requestId.writeLine(writer);
  if (emitVia) writeVia(writer, head, route, via);
}

function writeForwarded(
  writer: HeadWriter,
  head: RequestHead,
  { client }: ConnectionFacts,
  first: number,
  addsProto: boolean,
): void {
  if (first < 0 && addsProto) {
    writer.constant(client.forwardedLines);
    return;
  }
  if (addsProto) writer.constant(client.protoLine);
  if (first < 0 && client.ip === "") return;
  writer.constant(forwardedForName);
  if (first >= 0) {
    copyList(writer, head, first, Special.forwardedFor);
    if (client.ip !== "") writer.constant(listComma);
  }
  writer.ascii(client.ip);
  writer.lineEnd();
}

function writeVia(writer: HeadWriter, head: RequestHead, route: ProxyRoute, first: number): void {
  if (first < 0) {
    const start = viaStart[head.major];
    writer.constant(start);
  } else {
    writer.ascii("via: ");
    copyList(writer, head, first, Special.via);
    const next = viaNext[head.major];
    writer.constant(next);
  }
  if (head.hostStart >= 0) writer.copyOf(head, head.hostStart, head.hostEnd);
  else writer.ascii(route.authority);
  writer.lineEnd();
}

/** Copies the values of all lines of a list field, starting at line `first`. */
function copyList(writer: HeadWriter, head: RequestHead, first: number, special: Special): void {
  for (let i = first; i < head.fieldCount; i++) {
    if (i !== first && (specialFields.of(head, i) !== special || !isEndToEnd(head, i))) continue;
    if (i !== first) writer.constant(listComma);
    writer.copyOf(head, head.fields[4 * i + 2], head.fields[4 * i + 3]);
  }
}

/** With rules, the fields are converted to text; without rules they never are. */
function writeRuledFields(
  writer: HeadWriter,
  head: RequestHead,
  route: ProxyRoute,
  facts: ConnectionFacts,
  session: Session | null,
): void {
  const plain = new HeadWriter(writer.bytes.length);
  writeFields(plain, head, route, facts, session);
  const lines = new TextDecoder("latin1").decode(plain.bytes.subarray(0, plain.length)).split(
    "\r\n",
  );
  const fields: Field[] = [];
  const secrets = neverIndexedNames(plain);
  for (const line of lines) {
    const colon = line.indexOf(":");
    if (colon > 0) fields.push({ name: line.slice(0, colon), value: line.slice(colon + 1).trim() });
  }
  for (const { name, value } of applyRequestRules(fields, route.requestRules)) {
    if (secrets.has(name)) writer.neverIndexed.add(writer.length);
    writer.field(name, value);
  }
}

/** Names of the lines that are never indexed. */
function neverIndexedNames({ bytes, neverIndexed: { count, starts } }: HeadWriter): Set<string> {
  const names = new Set<string>();
  for (let i = 0; i < count; i++) {
    names.add(latin1(bytes, starts[i], bytes.indexOf(colon, starts[i])));
  }
  return names;
}
