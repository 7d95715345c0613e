import { http2LimitsText } from "../../conn/exchange/http2_limits_text.ts";

/** `hayate help proxy http2`. */
export const http2Text = `HTTP/2

Listeners with ssl offer h2 and http/1.1 in ALPN; others recognise the preface of
HTTP/2 (prior knowledge). Upgrade: h2c is ignored, as RFC 9113 has it. A cipher that
RFC 9113 forbids for HTTP/2 selects http/1.1. Responses follow the priorities of the
client (RFC 9218). WebSockets work over HTTP/2 (RFC 8441).

  http2                ON, OFF: for all listeners (ON). In listen: for this one
  http2-idle-timeout   seconds without a request (10)
  http2-max-streams    requests that a client may open at once (100)
  http2-max-concurrent-requests-per-connection
                       the same, 1 to 256 (100): the smaller one is announced
  http2-max-concurrent-streaming-requests-per-connection
                       request bodies that are passed on at the same time (100).
                       h2o's default of 1 blocks a second two-way gRPC call
  http2-input-window-size
                       bytes of a body that a client may send ahead (262144; h2o:
                       16777216)
  http2-graceful-shutdown-timeout
                       seconds after GOAWAY until a connection is closed whose
                       requests do not end. 0: drain-timeout alone (0)
  http2-limits         {NAME: BURST RATE}: see below

http2-dos-delay, http2-reprioritize-blocking-assets, http1-upgrade-to-http2 and what
concerns server push are accepted and have no effect.

A drain (TERM, HUP) sends GOAWAY, waits up to a second for the client to answer a
PING, and answers every request that came before.

${http2LimitsText}`;
