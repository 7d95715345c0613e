/**
 * What a client sends after its preface and an empty SETTINGS, and what a server must do, by section
 * of RFC 9113. Where RFC 7540 asked for more (dependencies), h2spec's expectation is kept.
 */
import {
  block,
  bytes,
  data,
  end,
  endHeaders,
  frame,
  get,
  getFields,
  int,
  padded,
  post,
  prioritized,
  reset,
  settings,
  Type,
  whole,
  window,
} from "./wire.ts";

/**
 * `connection CODE`: GOAWAY with it. `stream ID CODE`: RST_STREAM with it, and the connection lives.
 * `requests ID...`: these streams are answered, and nothing else happens.
 */
export type Reaction = string;

export interface FrameRow {
  readonly rule: string;
  readonly frames: readonly Uint8Array[];
  readonly expect: Reaction;
}

const row = (rule: string, expect: Reaction, ...frames: Uint8Array[]): FrameRow => ({
  rule,
  frames,
  expect,
});
const headers = (flags: number, id: number, ...payload: (string | number | Uint8Array)[]) =>
  frame(Type.headers, flags, id, ...payload);
const more = (flags: number, id: number, ...payload: (string | number | Uint8Array)[]) =>
  frame(Type.continuation, flags, id, ...payload);
const fields = block(...getFields);
const head = fields.subarray(0, 12);
const tail = fields.subarray(12);
const large = "x".repeat(16_385);

export const frameRows: readonly FrameRow[] = [
  row("4.1 a frame of an unknown type is ignored", "requests 1", frame(99, 255, 0, "abc"), get(1)),
  row("4.1 undefined flags are ignored", "requests 1", frame(Type.headers, whole | 0xc2, 1, fields)),
  row("4.1 the reserved bit is ignored", "requests 1", headers(whole, 0x80000001, fields)),
  row("4.2 DATA above the limit", "connection FRAME_SIZE_ERROR", post(1), data(1, 0, large)),
  row("4.2 HEADERS above the limit", "connection FRAME_SIZE_ERROR", headers(whole, 1, large)),
  row("4.2 SETTINGS above the limit", "connection FRAME_SIZE_ERROR", frame(4, 0, 0, large)),
  row("4.3 a block that cannot be decoded", "connection COMPRESSION_ERROR", headers(whole, 1, 0xff)),
  row(
    "4.3 a section is not interrupted by its stream",
    "connection PROTOCOL_ERROR",
    headers(end, 1, head),
    data(1, 0, "a"),
  ),
  row(
    "4.3 a section is not interrupted by another stream",
    "connection PROTOCOL_ERROR",
    headers(end, 1, head),
    get(3),
  ),
  row(
    "4.3 a section is not interrupted by an unknown frame",
    "connection PROTOCOL_ERROR",
    headers(end, 1, head),
    frame(99, 0, 1, "a"),
  ),
  row("5.1 idle: DATA", "connection PROTOCOL_ERROR", data(1, end, "a")),
  row("5.1 idle: RST_STREAM", "connection PROTOCOL_ERROR", reset(1)),
  row("5.1 idle: WINDOW_UPDATE", "connection PROTOCOL_ERROR", window(1, 9)),
  row("5.1 idle: CONTINUATION", "connection PROTOCOL_ERROR", more(endHeaders, 1, fields)),
  row("5.1 idle: PRIORITY", "requests 1", frame(2, 0, 1, int(0, 4), 9), get(1)),
  row(
    "5.1 half-closed: DATA",
    "stream 1 STREAM_CLOSED",
    headers(end | endHeaders, 1, block([":method", "HOLD"], ...getFields.slice(1))),
    data(1, end, "a"),
  ),
  row(
    "5.1 half-closed: HEADERS",
    "stream 1 STREAM_CLOSED",
    headers(end | endHeaders, 1, block([":method", "HOLD"], ...getFields.slice(1))),
    headers(whole, 1, fields),
  ),
  row("5.1 closed: DATA after END_STREAM", "connection STREAM_CLOSED", get(1), data(1, end, "a")),
  row("5.1 closed: HEADERS after END_STREAM", "connection STREAM_CLOSED", get(1), get(1)),
  row("5.1 closed: CONTINUATION", "connection PROTOCOL_ERROR", get(1), more(endHeaders, 1, fields)),
  row("5.1 closed: WINDOW_UPDATE and RST_STREAM", "requests 1 3", get(1), window(1, 1), reset(1), get(3)),
  row("5.1 reset by the peer: DATA", "stream 1 STREAM_CLOSED", post(1), reset(1), data(1, end, "a")),
  row("5.1 reset by the peer: HEADERS", "connection STREAM_CLOSED", post(1), reset(1), get(1)),
  row(
    "5.1 reset by us: what was under way is ignored",
    "stream 1 PROTOCOL_ERROR",
    post(1, ["content-length", "1"]),
    data(1, 0, "abc"),
    data(1, 0, "def"),
    headers(whole, 1, block(["a", "b"])),
    reset(1),
  ),
  row("5.1.1 an even identifier", "connection PROTOCOL_ERROR", get(2)),
  row("5.1.1 an identifier that goes down", "connection PROTOCOL_ERROR", get(5), get(3)),
  row("5.1.1 identifiers that are left out", "requests 1 7 99", get(1), get(7), get(99)),
  row("5.3.1 of RFC 7540: HEADERS that depend on themselves", "stream 1 PROTOCOL_ERROR", headers(whole | prioritized, 1, int(1, 4), 9, fields)),
  row("5.3.1 of RFC 7540: PRIORITY that depends on itself", "stream 1 PROTOCOL_ERROR", post(1), frame(2, 0, 1, int(1, 4), 9)),
  row("6.1 DATA on stream 0", "connection PROTOCOL_ERROR", data(0, 0, "a")),
  row("6.1 padding", "requests 1", post(1), frame(0, padded | end, 1, 3, "abc", 0, 0, 0)),
  row("6.1 padding alone", "requests 1", post(1), frame(0, padded | end, 1, 3, 0, 0, 0)),
  row("6.1 padding as long as the payload", "connection PROTOCOL_ERROR", post(1), frame(0, padded | end, 1, 4, "abc")),
  row("6.1 padded without a length", "connection PROTOCOL_ERROR", post(1), frame(0, padded | end, 1)),
  row("6.2 HEADERS on stream 0", "connection PROTOCOL_ERROR", headers(whole, 0, fields)),
  row("6.2 padding", "requests 1", headers(whole | padded, 1, 2, fields, 0, 0)),
  row("6.2 padding longer than the rest", "connection PROTOCOL_ERROR", headers(whole | padded, 1, 200, fields)),
  row("6.2 padding and priority", "requests 1", headers(whole | padded | prioritized, 1, 1, int(0, 4), 9, fields, 0)),
  row("6.2 priority that is cut off", "connection FRAME_SIZE_ERROR", headers(whole | prioritized, 1, 1, 2)),
  row("6.3 PRIORITY on stream 0", "connection PROTOCOL_ERROR", frame(2, 0, 0, int(0, 4), 9)),
  row("6.3 PRIORITY of 4 bytes", "stream 1 FRAME_SIZE_ERROR", post(1), frame(2, 0, 1, int(0, 4))),
  row("6.4 RST_STREAM on stream 0", "connection PROTOCOL_ERROR", reset(0)),
  row("6.4 RST_STREAM of 3 bytes", "connection FRAME_SIZE_ERROR", post(1), frame(3, 0, 1, "abc")),
  row("6.5 SETTINGS on a stream", "connection PROTOCOL_ERROR", frame(4, 0, 1)),
  row("6.5 SETTINGS ACK with a payload", "connection FRAME_SIZE_ERROR", frame(4, 1, 0, "abcdef")),
  row("6.5 SETTINGS of 5 bytes", "connection FRAME_SIZE_ERROR", frame(4, 0, 0, "abcde")),
  row("6.5.2 ENABLE_PUSH of 2", "connection PROTOCOL_ERROR", settings([2, 2])),
  row("6.5.2 INITIAL_WINDOW_SIZE of 2^31", "connection FLOW_CONTROL_ERROR", settings([4, 2 ** 31])),
  row("6.5.2 MAX_FRAME_SIZE below 2^14", "connection PROTOCOL_ERROR", settings([5, 16_383])),
  row("6.5.2 MAX_FRAME_SIZE above 2^24-1", "connection PROTOCOL_ERROR", settings([5, 2 ** 24])),
  row("6.5.2 unknown settings are ignored", "requests 1", settings([0x7777, 1]), get(1)),
  row("6.5.2 the last value counts", "requests 1", settings([4, 0], [4, 100]), get(1)),
  row("RFC 8441 3: ENABLE_CONNECT_PROTOCOL of 2", "connection PROTOCOL_ERROR", settings([8, 2])),
  row("RFC 8441 3: from 1 to 0", "connection PROTOCOL_ERROR", settings([8, 1]), settings([8, 0])),
  row("RFC 9218 2.1: NO_RFC7540_PRIORITIES of 2", "connection PROTOCOL_ERROR", settings([9, 2])),
  row("6.6 PUSH_PROMISE from a client", "connection PROTOCOL_ERROR", get(1), frame(5, endHeaders, 1, int(2, 4), fields)),
  row("6.7 PING on a stream", "connection PROTOCOL_ERROR", frame(6, 0, 1, "12345678")),
  row("6.7 PING of 7 bytes", "connection FRAME_SIZE_ERROR", frame(6, 0, 0, "1234567")),
  row("6.7 PING and an ACK of nothing", "requests 1", frame(6, 0, 0, "12345678"), frame(6, 1, 0, "12345678"), get(1)),
  row("6.8 GOAWAY on a stream", "connection PROTOCOL_ERROR", frame(7, 0, 1, int(0, 4), int(0, 4))),
  row("6.8 GOAWAY of 7 bytes", "connection FRAME_SIZE_ERROR", frame(7, 0, 0, "1234567")),
  row("6.8 streams are still answered after GOAWAY", "requests 1", frame(7, 0, 0, int(0, 4), int(0, 4), "bye"), get(1)),
  row("6.9 WINDOW_UPDATE of 0 on the connection", "connection PROTOCOL_ERROR", window(0, 0)),
  row("6.9 WINDOW_UPDATE of 0 on a stream", "stream 1 PROTOCOL_ERROR", post(1), window(1, 0)),
  row("6.9 WINDOW_UPDATE of 3 bytes", "connection FRAME_SIZE_ERROR", frame(8, 0, 0, "abc")),
  row("6.9.1 the connection's window overflows", "connection FLOW_CONTROL_ERROR", window(0, 2 ** 31 - 1)),
  row("6.9.1 a stream's window overflows", "stream 1 FLOW_CONTROL_ERROR", post(1), window(1, 2 ** 31 - 1)),
  row("6.9.2 a changed initial window overflows one", "connection FLOW_CONTROL_ERROR", post(1), window(1, 1), settings([4, 2 ** 31 - 1])),
  row("6.10 a section in three frames", "requests 1", headers(end, 1, head), more(0, 1, tail.subarray(0, 4)), more(endHeaders, 1, tail.subarray(4))),
  row("6.10 empty HEADERS and all in CONTINUATION", "requests 1", headers(end, 1), more(endHeaders, 1, fields)),
  row("6.10 CONTINUATION of another stream", "connection PROTOCOL_ERROR", headers(end, 1, head), more(endHeaders, 3, tail)),
  row("6.10 CONTINUATION on stream 0", "connection PROTOCOL_ERROR", headers(end, 1, head), more(endHeaders, 0, tail)),
  row("6.10 CONTINUATION after the end", "connection PROTOCOL_ERROR", post(1), more(endHeaders, 1, tail)),
  row("8.1 a second head that does not end", "stream 1 PROTOCOL_ERROR", post(1), headers(endHeaders, 1, block(["a", "b"]))),
  row("8.1 trailers", "requests 1", post(1), data(1, 0, "abc"), headers(whole, 1, block(["a", "b"]))),
  row("8.1 trailers with a pseudo field", "stream 1 PROTOCOL_ERROR", post(1), headers(whole, 1, block([":path", "/"]))),
  row("8.1 trailers with content-length", "stream 1 PROTOCOL_ERROR", post(1), headers(whole, 1, block(["content-length", "0"]))),
  row("8.1 trailers with transfer-encoding", "stream 1 PROTOCOL_ERROR", post(1), headers(whole, 1, block(["transfer-encoding", "chunked"]))),
  row("8.1.1 less DATA than content-length", "stream 1 PROTOCOL_ERROR", post(1, ["content-length", "4"]), data(1, end, "abc")),
  row("8.1.1 more DATA than content-length", "stream 1 PROTOCOL_ERROR", post(1, ["content-length", "2"]), data(1, 0, "abc")),
  row("8.1.1 the sum of several frames", "stream 1 PROTOCOL_ERROR", post(1, ["content-length", "4"]), data(1, 0, "abc"), data(1, end, "de")),
  row("8.1.1 as much as content-length", "requests 1", post(1, ["content-length", "5"]), data(1, 0, "abc"), data(1, end, "de")),
  row("8.1.1 content-length without a body", "stream 1 PROTOCOL_ERROR", get(1, ["content-length", "4"])),
  row("8.1.1 trailers before all of the content", "stream 1 PROTOCOL_ERROR", post(1, ["content-length", "4"]), headers(whole, 1, block(["a", "b"]))),
  row("RFC 9218 7.1: PRIORITY_UPDATE", "requests 1", frame(16, 0, 0, int(1, 4), "u=0, i"), get(1)),
  row("RFC 9218 7.1: on a stream", "connection PROTOCOL_ERROR", frame(16, 0, 1, int(1, 4), "u=0")),
  row("RFC 9218 7.1: of stream 0", "connection PROTOCOL_ERROR", frame(16, 0, 0, int(0, 4), "u=0")),
  row("RFC 9218 7.1: 3 bytes", "connection FRAME_SIZE_ERROR", frame(16, 0, 0, "abc")),
];

/** Streams that a client begins with something else than its preface and SETTINGS. */
export const openingRows: readonly FrameRow[] = [
  row("3.4 another protocol", "connection PROTOCOL_ERROR", bytes("GET / HTTP/1.1\r\n\r\n")),
  row("3.4 a preface with one other byte", "connection PROTOCOL_ERROR", bytes("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\r")),
  row("3.4 no SETTINGS", "connection PROTOCOL_ERROR", bytes("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), get(1)),
  row("3.4 an ACK first", "connection PROTOCOL_ERROR", bytes("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), frame(4, 1, 0)),
];
