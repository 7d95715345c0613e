/** `hayate help proxy failover`. */
export const failoverText = `Failover: retries, outlier ejection, request bodies

Directives of an entry of upstreams; for next_upstream see hayate help proxy
upstreams.

retry_budget: 20% [min=10]    or off
  Limits retries to this share of the requests of the last 10 seconds, plus N per
  second, per worker. A request of which nothing was sent, such as after a refused
  connection, may always be retried. If the budget is used up, the client gets the
  failure.

outlier: RULE ... [OPTION ...]    or off (the default)
  Ejects a server that does worse than the others. An error is an attempt without a
  response, or a response with status 5xx.
  consecutive_errors=N  eject after N consecutive errors, at once
  error_rate=N%         eject at this share of errors within an interval
  latency=Nx            eject if the mean time to the response head is N times the
                        median of the other servers', and at least 5 ms longer
  interval=T            (10s)
  min_requests=N        with fewer requests in an interval, error_rate and latency
                        do not apply (10)
  base_ejection=T       duration of the first ejection (30s). Each consecutive one
                        is longer by this much, up to ten times; intervals
                        without errors shorten it again.
  max_ejected=N%        largest share of a group that is ejected at a time (50%)
  The log names the server, the rule and the duration, and its return. The API shows
  it as unavail. With several workers each reports what it measures, and the master
  decides for all.

balance: least_time header|last_byte [inflight]
  time = mean until the head or the last byte (each response moves it by 1/20; it
         halves for every fail_timeout without one; 5xx do not count)
  time = at least the mean age of the requests in progress, with inflight
  time = rounded up to a multiple of 20 ms, at most 5 s
  The server with the least time x (1 + active) / weight is chosen; equal ones in
  turn.

request_buffer: [memory=64k] [file=1g] [dir=PATH]    or off (the default)
  Without it bodies are streamed: the first 64 KB are kept, and a longer body cannot
  be retried. With it a body is read completely before it is sent, in memory and
  then in an unnamed file (in dir, or the system's folder for temporary files), and
  can be retried. A larger body is streamed and not retried. If the disk is full,
  the response is 507.
`;
