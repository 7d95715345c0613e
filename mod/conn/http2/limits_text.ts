import { defaultHttp2Options } from "./options.ts";
import { defaultSectionLimits } from "../../http2/mod.ts";
import { limitLines } from "./limits.ts";

const { session } = defaultHttp2Options;

/** What every mode's help says about the limits of HTTP/2 connections. */
export const http2LimitsText =
  `Limits of each connection: BURST at once, then RATE a second. A client that passes
one gets GOAWAY with ENHANCE_YOUR_CALM, all of its requests end, and one line is
logged. NAME, BURST and RATE:
${limitLines()}

A head has at most ${defaultSectionLimits.fieldsMax} fields, cookie crumbs included, and ${
    defaultSectionLimits.headBytesMax / 1024
  } KB
when decoded, with 32 bytes for each field; a longer one is answered with 431, one of
four times that ends the connection.

Request bodies that were received and not yet passed on: at most ${
    session.heldBytesMax / 1024 ** 2
  } MB
for each connection and ${
    session.held.max / 1024 ** 2
  } MB for each process. A slow consumer holds up its own stream.
`;
