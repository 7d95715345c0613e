/** `hayate help load replay`. */
export const replayText = `The requests of an access log, as they came: --replay

  hayate load --replay access.log --speed 2 -c 200 http://staging:8080

sends each request of the log to the URL's host when it is due: as long after the
first one as logged, divided by --speed. It is an open loop (hayate help load models):
latency is measured from when a request was due. -d ends it early, else the log does.

Read are the formats of nginx, Apache and h2o that have [31/Jan/2026:12:00:00 +0100]
and "GET /path HTTP/1.1" (combined, common, and what begins like them), and lines of
JSON or LTSV with the fields time, method and target or uri, as hayate proxy writes
them. Empty lines are skipped; other lines are counted and said at the end.

  - Requests of one second are spread evenly over it: these logs do not say more.
    Times in milliseconds are kept.
  - A time before that of the line above counts as the same time: lines are written
    when a request ends.
  - A log does not keep bodies: POST, PUT and PATCH are sent with an empty one, and
    counted.
  - Fields are those of -H, Host is the URL's. The status in the log is not compared.

The log is read while it is sent, so that its size does not matter. It must be a file,
not a pipe: it is read twice at a time, to know how many requests a second has.
`;
