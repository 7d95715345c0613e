/** `hayate help proxy check`. */
export const checkText = `Active health checks

A check probes each server at an interval, independent of the traffic, and decides
which servers are up. The syntax is Tengine's:

  check: interval=3000 rise=2 fall=5 timeout=1000 type=http

  interval=MS       time between two probes of a server (30000)
  timeout=MS        time limit for one probe (1000)
  rise=N            consecutive successes that bring it up (2)
  fall=N            consecutive failures that take it down (5)
  type=TYPE         tcp    connect only (the default)
                    tls    connect and complete a TLS handshake (Tengine: ssl_hello)
                    http   send a request and check the response
                    https  the same over TLS
                    grpc   call grpc.health.v1.Health/Check: SERVING is alive. Over
                           TLS where requests to the server use it
                    exec   run a command
  port=N            probe this port instead of the server's
  default_down=true|false
                    down until rise probes have succeeded (true)
  jitter=MS         add a random time of up to this much to each interval (0)
  fastinter=MS      interval while rise or fall is not yet reached (interval)
  downinter=MS      interval while it is down (interval)
  grpc_service=NAME the service that a grpc check asks for (the server itself)
  verify=true|false with tls, https and grpc: verify the certificate against the
                    system's CAs or the global proxy.ssl.cafile (false)

With http and https:
  check_http_send: "GET /live.html HTTP/1.0\\r\\n\\r\\n"
  check_http_expect_alive: http_2xx http_3xx
  check_match:                  replaces check_http_expect_alive; all must hold:
    status: 200-399 401         or "! 500-599", or a sequence of these
    header:                     a text, or a sequence of texts
      - "Content-Type: text/html"
      - "Server: ~ ^app/"       !~ for no match; ~* and !~* ignore case
      - X-Ready                 is present; "! X-Broken": is absent
      - "X-Role: ! spare"       has another value, or is absent
    body: "~ ready"             the same operators; the first 256 kB

With exec:
  check_exec: /opt/probe --fast    run by the shell; or [program, argument, ...]
  Exit code 0 means alive. At the timeout the command and its process group are
  killed. HAYATE_UPSTREAM, HAYATE_SERVER, HAYATE_PEER (host:port or path),
  HAYATE_PEER_HOST and HAYATE_PEER_PORT or HAYATE_PEER_PATH name the server.
  The first line of its output is logged when it changes.

The first probes of all servers start at once, so default_down=true delays a start
by milliseconds, not by an interval.

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
