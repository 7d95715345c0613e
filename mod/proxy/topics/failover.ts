/** `hayate help proxy failover`. */
export const failoverText = `Failover: retries, outliers, request bodies

Keys of an entry of upstreams, beside next_upstream (hayate help proxy upstreams).

retry_budget: 20% [min=10]    or off
  Over ten seconds, retries may be so large a part of the requests, and so many a
  second besides (per worker). What no server was sent, a refused connection for
  one, may always go to another. Without budget the client gets the failure.

outlier: RULE ... [OPTION ...]    or off (the default)
  Leaves a server alone that answers worse than the others. An error is an attempt
  without an answer, or an answer 5xx.
  consecutive_errors=N  so many errors in a row, at once
  error_rate=N%         so many of an interval's requests
  latency=Nx            the mean time to the response's head is N times the median
                        of the other servers', and 5 ms more
  interval=T            (10s)
  min_requests=N        fewer in an interval judge nobody (10)
  base_ejection=T       the first time (30s); each further one in a row is longer
                        by as much, up to ten times. Intervals without fault take
                        it back.
  max_ejected=N%        of a group are out at a time, at most (50%)
  The log says who is ejected by which rule and for how long, and when it is back.
  The API calls it unavail. With several workers each judges what it sees; the
  master decides, for all of them.

balance: least_time header|last_byte [inflight]
  time = mean until the head or the last byte (each answer moves it by 1/20; it
         halves for every fail_timeout without one; 5xx do not count)
  time = at least the mean age of the requests under way, with inflight
  time = the next multiple of 20 ms, 5 s at most
  The least time x (1 + active) / weight is chosen; equals take turns.

request_buffer: [memory=64k] [file=1g] [dir=PATH]    or off (the default)
  Bodies are streamed: the first 64 KB are kept, and a longer body cannot be sent
  to a second server. With a buffer a body is read whole first, in memory and then
  in a file (in dir, else where temporary files go) that has no name, and can be
  sent again. A body that is larger still is streamed, once. When the disk is full
  the answer is 507.
`;
