/** The pages of `hayate help load TOPIC`. */
import type { Topic } from "../../cli/mod.ts";
import { jsonText } from "./json.ts";
import { scriptsText } from "./scripts.ts";

const outputText = `What the output means

Up to Transfer/sec it is wrk's, line by line, so that scripts that read wrk go on
working:

  Latency      average, standard deviation and maximum over all requests, and the
               share of requests within one standard deviation
  Req/Sec      the same over samples of the rate of one thread, not of the whole run
  Latency Distribution   with --latency
  Socket errors          connect, read, write, timeout
  Non-2xx or 3xx responses

Behind it stands what wrk does not say, and only when there is something to say:

  Rate:              with -R: asked and sent rate, how late the schedule ran
  Latency percentiles:   with --percentiles
  Service time:      with -U: from the sending, not from when it was due
  Failed requests:   each failed request once, by kind and errno
  Retried:           with --retry: lost with a kept connection, and sent again
  Connections:       when some could not be made or were lost
  Ephemeral ports:   when they ran out
  Client CPU:        when the client was the bottleneck
  Client:            with -R: why requests were sent late, each from its own evidence:
                     no connection was free, the client was busy, was stopped, or
                     waited for a CPU

Kinds of failure:
  connect     the connection could not be made
  refused     nobody listens there
  read        the connection failed before a byte of the response, or within it
  write       the request could not be sent
  timeout     no complete response in time
  status      400 or above
  truncated   the connection ended in the middle of a response
  protocol    what came was no valid HTTP response
`;

const modelsText = `Closed loop, open loop, and which figures to believe

Closed loop (the default, as wrk): each of -c connections sends its next request
when the response is there. It measures how much a server can do. A server that
stalls is asked less, so its latency looks better than what users would have felt
(coordinated omission).

Open loop (-R): one schedule for all connections says when each request is due, and
latency counts from then. A stall of one second at 1000 requests a second shows as
1000 late requests. Use it for latency. -U shows the service time, from the sending,
beside it.

  -R 5000                        5000 requests a second in total
  -R 1k:10k                      a ramp over the whole run
  --stages 10s:1k,30s:5k         steps; 10s:1k-5k ramps
  --warmup 5s                    excluded from every figure
  -n 100k                        exactly 100,000 requests

Beside wrk and wrk2. A server answers at once but stands still for one second in
every three. Who comes to it at any moment waits more than 700 ms in one case of
ten, and more than 970 ms in one of a hundred. What three runs said:

                            p50       p90       p99
  truth                  ~0.1 ms    700 ms    970 ms
  wrk -c 10                122 us    541 ms    955 ms
  hayate load -c 10        106 us    204 us    1.9 ms
  hayate load -R 1000      118 us    705 ms    972 ms

  wrk          is a closed loop, and cannot be told not to mend its figures: for
               each slow answer it adds invented ones in between, as many as its
               average rate would have brought. Here that comes near the truth;
               where a server is merely uneven it does not, and the real samples
               cannot be had.
  hayate load  without -R shows what its requests took, nothing invented: ten
               connections met each stall with ten requests, among 200,000 others.
               True of them, and no answer to how long users wait.
  -R           asks the users' question. So does wrk2, which is where -R and -U come
               from; but wrk2 gives every connection a schedule of its own, lets one
               that is late catch up at twice its rate, and uses the first ten
               seconds to calibrate its timer. Here one schedule serves all
               connections: whichever is free sends what is due, from the first
               second on.

Reading a comparison with wrk's figures: Requests/sec means the same. Latency of a
closed loop is lower here than wrk's wherever the server ever stalled.

What failed is never hidden. A request that was sent and lost is a failure, as it
is for wrk: a server that crashes and one that closes a kept connection at that
moment look the same. --retry does what browsers do (RFC 9112 9.3.1): an idempotent
request is sent again, once, when its kept connection ends before the answer. It is
counted as retried, and "errors" and "error-rate" of --fail-if count it, too.

After a failure an open loop sends what is due next, without any pause. So does a
closed loop, except after a connect that fails: that connection waits 10 ms before
the next attempt, doubled with each further one up to 250 ms.

A run is as good as its client: when Client CPU: or Client: appears at the end, the
figures are those of the client. Use more threads (-t) or machines (--start-at, then
hayate load merge).

One connection per request (--no-keepalive) over TCP uses up ephemeral ports, since
closed connections hold theirs for a minute. On loopback hayate goes on from other
addresses of 127.0.0.0/8 by itself; elsewhere use --source or --linger0.
`;

export const loadTopics: readonly Topic[] = [
  { name: "output", summary: "what each line means, kinds of failure", text: outputText },
  {
    name: "models",
    summary: "closed and open loop, and which figures to believe",
    text: modelsText,
  },
  { name: "json", summary: "the schema of --json", text: jsonText },
  { name: "scripts", summary: "wrk's Lua API in JavaScript, with examples", text: scriptsText },
];
