/** `hayate help proxy check`. */
export const checkText = `Active health checks

A check probes each server on a timer, apart from the traffic, and decides who is
up. The line is Tengine's:

  check: interval=3000 rise=2 fall=5 timeout=1000 type=http

  interval=MS       between two probes of a server (30000)
  timeout=MS        for one probe (1000)
  rise=N            successes in a row that bring it up (2)
  fall=N            failures in a row that take it down (5)
  type=TYPE         tcp    connect only (the default)
                    tls    connect and shake hands (Tengine: ssl_hello)
                    http   send a request and look at the answer
                    https  the same over TLS
                    exec   run a command
  port=N            probe another port than the traffic's
  default_down=true|false
                    down until it has risen (true)
  jitter=MS         up to so much is added to each interval, by chance (0)
  fastinter=MS      the interval while a server is about to change
  downinter=MS      and while it is down (both: as interval)
  verify=true|false with tls and https: want a certificate of a trusted issuer,
                    the system's or those of proxy.ssl.cafile at the top (false)

With http and https:
  check_http_send: "GET /live.html HTTP/1.0\\r\\n\\r\\n"
  check_http_expect_alive: http_2xx http_3xx
  check_match:                  decides in its place when it is there; all of:
    status: 200-399 401         or "! 500-599", or a sequence of such
    header:                     a text, or a sequence of them
      - "Content-Type: text/html"
      - "Server: ~ ^app/"       !~ for no match, ~* and !~* whatever the case
      - X-Ready                 is there; "! X-Broken": is not
      - "X-Role: ! spare"       is another one, or not there
    body: "~ ready"             the same signs; its first 256 kB

With exec:
  check_exec: /opt/probe --fast    for the shell; or [program, argument, ...]
  Exit code 0 means alive. At the timeout the command and its process group are
  killed. HAYATE_UPSTREAM, HAYATE_SERVER, HAYATE_PEER (host:port or path),
  HAYATE_PEER_HOST and HAYATE_PEER_PORT or HAYATE_PEER_PATH say whom it is about.
  The first line of what it says is logged when it is news.

The first round starts at once and for all servers at the same time, so that
default_down=true costs milliseconds and not an interval.

Log lines, as Tengine writes them:
  enable check peer: 127.0.0.1:8081
  disable check peer: 127.0.0.1:8081

Status page: a path with the handler check_status.

  paths:
    /status:
      check_status: ON

  /status?format=html|csv|json|prometheus   (ON: html)
  /status?status=up|down
`;
