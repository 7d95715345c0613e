/** The pages of `hayate help load TOPIC`. */
import type { Topic } from "../../cli/mod.ts";
import { jsonText } from "./json.ts";
import { findRateText } from "./find_rate.ts";
import { liveText } from "./live.ts";
import { metricsText } from "./metrics.ts";
import { plansText } from "./plans.ts";
import { proxyText } from "./proxy.ts";
import { replayText } from "./replay.ts";
import { templatesText } from "./templates.ts";
import { machinesText } from "./machines.ts";
import { streamsText } from "./streams.ts";
import { webSocketsText } from "./web_sockets.ts";
import { scriptsText } from "./scripts.ts";

const outputText = `What the output means

Up to Transfer/sec it is wrk's, line by line, so that scripts that parse wrk's
output keep working:

  Latency      average, standard deviation and maximum over all requests, and the
               share of requests within one standard deviation
  Req/Sec      the same over samples of the rate of one thread, not of the whole run
  Latency Distribution   with --latency
  Socket errors          connect, read, write, timeout
  Non-2xx or 3xx responses

Additional lines follow only when relevant:

  Rate:              with -R: requested and sent rate, how late the schedule ran
  Warm-up:           with -R: it could not keep the rate; what it did not send is
                     dropped when the measurement begins
  Latency percentiles:   with --percentiles
  Service time:      with -U: measured from the send, not from when it was due
  Phases:            with --phases: lookups of names; connections, TLS apart; from
                     the send to the first byte of the response, and from there to
                     its last byte. The last two add up to the service time
  Event streams:     with --sse: how many were opened, ended, and open at the end
  Events:            with --sse: how many, a second, by stream; their times
  WebSockets:, Messages:, Handshakes:, Pings:, Close frames:
                     with ws:// and wss://; see: hayate help load websockets
  Failed requests:   each failed request once, by kind and errno
  Retried:           with --retry: lost with a kept connection and sent again
  Connections:       when some could not be made or were lost
  Ephemeral ports:   when they ran out
  Protocol:          with --http2
  Client CPU:        when the client was the bottleneck
  Client:            with -R: why requests were sent late: no connection was free,
                     or the client was busy, stopped, or waiting for a CPU

Kinds of failure:
  connect     the connection could not be made
  refused     nothing listens on that address
  proxy       with --proxy: it opened no tunnel; the code is its status, such as 407
  read        the connection failed before or during the response
  write       the request could not be sent
  timeout     no complete response in time
  status      400 or above
  truncated   the connection ended in the middle of a response
  protocol    not a valid HTTP response
  streamReset     HTTP/2: the server reset the stream; the code is its error code
  streamRefused   HTTP/2: the server refused the stream (REFUSED_STREAM), or turned
                  it away by a GOAWAY 16 times
  notEventStream  --sse: the response was no event stream; the code is its content
                  type, or its status
  handshake   the server did not open the WebSocket; the code says why
  closed      the server closed the WebSocket during the run; the code is its close code
`;

const modelsText = `Closed loop, open loop, and which figures to trust

Closed loop (the default, as wrk): each of -c connections sends its next request
when the response has arrived. It measures how much a server can do. A server that
stalls gets fewer requests, so its latency looks better than what users would have
seen (coordinated omission).

Open loop (-R): one schedule for all connections sets when each request is due, and
latency is measured from then. A stall of one second at 1000 requests a second shows
up as 1000 late requests. Use it for latency. -U also prints the service time,
measured from the send.

  -R 5000                        5000 requests a second in total
  -R 1k:10k                      a ramp over the whole run
  --stages 10s:1k,30s:5k         steps; 10s:1k-5k ramps
  --warmup 5s                    excluded from every figure
  -n 100k                        exactly 100,000 requests
  --drain 10s                    at the end, wait for the responses to what was sent

Compared with wrk and wrk2. A server answers at once but stalls for one second in
every three. A request arriving at a random moment waits over 700 ms in 10 % of
cases and over 970 ms in 1 %. The results of three runs:

                            p50       p90       p99
  truth                  ~0.1 ms    700 ms    970 ms
  wrk -c 10                122 us    541 ms    955 ms
  hayate load -c 10        106 us    204 us    1.9 ms
  hayate load -R 1000      118 us    705 ms    972 ms

  wrk          is a closed loop and always applies its coordinated-omission
               correction: for each slow response it adds synthetic samples, as
               many as its average rate would have produced. Here the result is
               close to the truth; for a server that is merely uneven it is not,
               and the uncorrected samples are not available.
  hayate load  without -R reports what its requests took, uncorrected: ten
               connections met each stall with ten requests, among 200,000 others.
               That is accurate for them, but not how long users wait.
  -R           measures how long users wait. So does wrk2, the origin of -R and -U;
               but wrk2 gives every connection its own schedule, lets a late one
               catch up at twice its rate, and spends the first ten seconds
               calibrating its timer. Here one schedule serves all connections:
               any free one sends what is due, from the first second.

Comparing with wrk: Requests/sec means the same. Closed-loop latency is lower than
wrk's if the server stalled at all.

Failures are never hidden. A request that was sent and lost is a failure, as in wrk:
a server that crashes and one that closes a kept connection at that moment look the
same. --retry does what browsers do (RFC 9112 9.3.1): an idempotent
request is sent again, once, when its kept connection ends before the response. It
is counted as retried, and by "errors" and "error-rate" of --fail-if.

After a failure an open loop sends the next due request without a pause. So does a
closed loop, except after a failed connect: that connection waits 10 ms before the
next attempt, doubled each time up to 250 ms.

HTTP/2 (--http2). Each connection has up to -m requests at once. Over TLS it is
negotiated, otherwise assumed; a server that does not speak it ends the run. When
it allows fewer streams than -m, they take turns. A GOAWAY ends a connection as
Connection: close does: requests under way are answered, the next ones go to a new
connection, and so do those that it says it has not processed. A late response
costs its own stream; a connection on which nothing arrives meanwhile is replaced.
Bytes are those of frames. Requests that a script returns together follow one
another on one stream at a time.

A run is only as good as its client: when Client CPU: or Client: appears at the end,
the figures describe the client, not the server. Use more threads (-t) or machines
(--on; or --start-at on each, then hayate load merge).

One connection per request (--no-keepalive) over TCP uses up ephemeral ports, since
closed connections hold theirs for a minute. On loopback hayate changes to another
address of 127.0.0.0/8 every 10,000 connects; elsewhere use --source or --linger0.
`;

export const loadTopics: readonly Topic[] = [
  { name: "output", summary: "what each line means, kinds of failure", text: outputText },
  {
    name: "models",
    summary: "closed and open loop, and which figures to trust",
    text: modelsText,
  },
  {
    name: "find-rate",
    summary: "the highest rate that keeps a condition",
    text: findRateText,
  },
  {
    name: "plans",
    summary: "several runs in one file: --plan",
    text: plansText,
  },
  { name: "machines", summary: "one run from many machines (--on)", text: machinesText },
  { name: "proxy", summary: "through an HTTP proxy: --proxy", text: proxyText },
  {
    name: "replay",
    summary: "the requests of an access log, as they came: --replay",
    text: replayText,
  },
  { name: "streams", summary: "event streams: --sse", text: streamsText },
  { name: "websockets", summary: "WebSockets: ws:// and wss://", text: webSocketsText },
  { name: "live", summary: "a run on the terminal while it lasts: --live", text: liveText },
  {
    name: "metrics",
    summary: "figures for Prometheus while it runs: --metrics",
    text: metricsText,
  },
  { name: "json", summary: "the schema of --json", text: jsonText },
  {
    name: "templates",
    summary: "requests that vary without a script: --template",
    text: templatesText,
  },
  { name: "scripts", summary: "wrk's Lua API in JavaScript, with examples", text: scriptsText },
];
