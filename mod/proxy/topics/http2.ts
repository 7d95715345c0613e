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
                       bytes of a body that a client may send ahead (524288; h2o:
                       16777216)
  http2-graceful-shutdown-timeout
                       seconds after GOAWAY until a connection is closed whose
                       requests do not end. 0: drain-timeout alone (0)
  http2-dos-delay      milliseconds for which nothing is read from a client that
                       resets more than half of its requests, after the first 100
                       (100). 0: no delay. http2-limits ends its connection
  http2-reprioritize-blocking-assets
                       ON: style sheets, scripts and fonts go before other responses
                       when the client gives no priority (ON)
  http2-waiting-output-per-connection, http2-waiting-output-per-listener
                       bytes of responses that may wait for clients' windows
                       (33554432, 134217728): see below
  http2-limits         {NAME: BURST RATE}: see below

http1-upgrade-to-http2 is accepted and has no effect: RFC 9113 has removed Upgrade:
h2c, and no browser has ever sent it. Nor has what concerns server push, which
browsers no longer take.

To upstreams:
  proxy.http2.ratio    share of requests sent over HTTP/2, 0 to 100 (0). An https
                       upstream chooses the version in its handshake (ALPN)
  proxy.http2.max-concurrent-streams
                       requests at the same time on one connection (100), if the
                       server allows as many
  proxy.http2.force-cleartext
                       ON: http upstreams speak HTTP/2, without asking (OFF). Needs
                       ratio 100
An entry of upstreams has http2_ratio, http2_max_concurrent_streams and
http2_force_cleartext in place of these. Requests share connections, for which
keepalive_requests and keepalive_timeout hold, too. A request that the server
refuses, or that its GOAWAY meets, is sent again, up to four times. One that it
answers with HTTP_1_1_REQUIRED is sent again over HTTP/1.1 if its method may be
repeated (else 502), and that server gets HTTP/1.1 for 5 minutes. With a PROXY
header a connection is not shared, and https upstreams get HTTP/1.1.

Trailers pass in both directions between both versions. HTTP/1.1 has them after
chunks only: they are left out after a body whose content-length is known, unless
request_buffer has collected it. Fields that must not be trailers (RFC 9110 6.5.1)
are left out, and in requests those that proxy.header, real-ip or proxy.request-id
decide.

gRPC passes in both directions as it comes, over HTTP/2 whenever the ratio is not 0.
grpc-timeout limits a call. A failure of the proxy is a gRPC status: UNAVAILABLE for
502, 503 and a server that is not reached in time, DEADLINE_EXCEEDED for any other
timeout, RESOURCE_EXHAUSTED for a body that is too large, UNIMPLEMENTED where
nothing serves the path. check: type=grpc asks a server for its health (help proxy
check).

WebSockets become streams (RFC 8441) where the server has said that it takes them,
or force-cleartext is on. Other https upstreams get them over HTTP/1.1.

A drain (TERM, HUP) sends GOAWAY, waits up to a second for the client to answer a
PING, and answers every request that came before.

${http2LimitsText}`;
