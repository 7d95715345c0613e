import { defaultHttp2Options } from "./http2_options.ts";
import { defaultSectionLimits } from "../../http2/mod.ts";
import { limitLines } from "./http2_limits.ts";

const { fieldsMax, headBytesMax } = defaultSectionLimits;
const { connectionBytesMax, serverBytesMax } = defaultHttp2Options.queued;
const { heldBytesMax, held } = defaultHttp2Options.session;
const headKb = headBytesMax / 1024;
const heldMb = heldBytesMax / 1024 ** 2;
const processMb = held.max / 1024 ** 2;
const queuedMb = connectionBytesMax / 1024 ** 2;
const allQueuedMb = serverBytesMax / 1024 ** 2;

/** What every mode's help says about the limits of HTTP/2 connections. */
export const http2LimitsText =
  `Limits of each connection: BURST at once, then RATE a second. A client that passes
one gets GOAWAY with ENHANCE_YOUR_CALM, all of its requests end, and one line is
logged. NAME, BURST and RATE:
${limitLines()}

A head has at most ${fieldsMax} fields, cookie crumbs included, and ${headKb} KB when decoded,
with 32 bytes for each field. A longer one is answered with 431; four times that
ends the connection.

Request bodies that were received and not yet passed on: at most ${heldMb} MB for each
connection and ${processMb} MB for each process. A slow consumer holds up its own stream.

Responses that wait for a client's windows: above ${queuedMb} MB on a connection, or
${allQueuedMb} MB on all of a listener, its further requests are refused (REFUSED_STREAM).
`;
