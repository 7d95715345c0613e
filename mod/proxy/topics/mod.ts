/** The pages of `hayate help proxy TOPIC`. */
import type { Topic } from "../../cli/mod.ts";
import { checkText } from "./check.ts";
import { clientAddressText } from "./client_address.ts";
import { directivesText } from "./directives.ts";
import { failoverText } from "./failover.ts";
import { acmeText } from "./acme.ts";
import { http2Text } from "./http2.ts";
import { namesText } from "./names.ts";
import { stickyText } from "./sticky.ts";

const upstreamsText = `Upstreams

h2o.conf has no groups of servers with health checks, so hayate adds one top-level
directive. proxy.reverse.url: http://NAME/ (or https://, without a port) uses
an entry of it.

  upstreams:
    app:
      servers:
        - 127.0.0.1:8081 weight=2
        - 127.0.0.1:8082 max_fails=3 fail_timeout=10s
        - unix:/run/spare.sock backup
      balance: least_conn
      keepalive: 64
      check: interval=1000 rise=2 fall=3 timeout=1000 type=http
      check_http_send: "GET /live.html HTTP/1.0\\r\\n\\r\\n"
      check_http_expect_alive: http_2xx
      next_upstream: error timeout http_502
  hosts:
    default:
      paths:
        /:
          proxy.reverse.url: http://app/

servers: host, host:port, [v6]:port or unix:/path, then nginx's parameters
  weight=N          share of the traffic (1)
  max_fails=N       failures within fail_timeout after which it is not used (1);
                    0: never
  fail_timeout=T    the time for these failures, and how long it is not used (10s)
  max_conns=N       concurrent connections (0: no limit)
  slow_start=T      grow to its weight over T after it recovers
  backup            used only when no other server is available
  down, drain       not used; drain keeps requests and sessions that exist
  resolve, service=NAME  look the name up repeatedly: see hayate help proxy names
  route=TEXT        its name in sticky sessions

balance: round_robin (smooth, weighted; the default), least_conn, random,
  random two, ip_hash, hash KEY, hash KEY consistent, least_time header|last_byte
  KEY is made of variables such as $request_uri or $remote_addr.

keepalive: N               idle connections to keep, per worker (32)
keepalive_timeout: T       how long an idle connection is kept (60s)
keepalive_requests: N      requests per connection (1000000)
proxy_protocol: v1 or v2   send the client's address in a PROXY header; each request
                           gets its own connection (OFF).
                           See: help proxy client-address

http2_ratio: N, http2_max_concurrent_streams: N, http2_force_cleartext: ON
                           replace proxy.http2.ratio etc. of the paths

next_upstream: when to try another server
  error timeout (the default), invalid_header, http_403, http_404, http_429,
  http_500, http_502, http_503, http_504, non_idempotent, off
  A request that is not idempotent is not retried after a byte of it was sent,
  unless non_idempotent is listed. A retry after a reused connection turns out to
  be closed does not count.
next_upstream_tries: N     maximum number of attempts (0: one for each server)
next_upstream_timeout: T   time limit for all attempts (0: no limit)
no_live: 502 or 503        the status when no server is available (502)

sticky: binds clients to a server: see hayate help proxy sticky
retry_budget, outlier, request_buffer, least_time: see hayate help proxy failover

check, check_http_send, check_match, ...: see hayate help proxy check
`;

const accessLogText = `Access log

  access-log: /var/log/access.log
  access-log: "| rotatelogs /var/log/access.%Y%m%d 86400"
  access-log: "pipe:rollback /var/log/access.log interval=1d baknum=7 maxsize=1G"
  access-log: syslog:udp://127.0.0.1:514,facility=local7,tag=web
  access-log: {path: /dev/stdout, format: json}

Targets: a path (- or /dev/stdout: standard output), | and a command that is
restarted when it dies, a file that is rotated by age and size (pipe:rollback), or
syslog (RFC 5424) over udp://, tcp:// or unix:/path.
Lines are written at least once a second; USR1 reopens files. A slow target does
not delay requests: up to a megabyte is buffered, further lines are dropped,
counted (hayate_log_lines_lost_total) and reported in the error log.

Formats: combined (the default), common, json, ltsv, or h2o's conversions:
  %h  client address      %l  -                    %u  user
  %t  [time]              %r  request line         %s  status
  %b  body bytes sent     %m  method               %H  protocol
  %U  path                %q  query, with ?        %V  Host as sent
  %v  configured host     %A  local address        %p  local port
  %{remote}p              client port
  %{NAME}i  %{NAME}o      request and response field
  %{NAME}e                variable
  %{%Y-%m-%d}t            strftime; also sec, msec, usec, msec_frac, usec_frac
  %<s  %<{NAME}o          before rules or an error document changed it
  %{NAME}x                connect-time, request-header-time, request-body-time,
                          request-total-time, process-time, response-time,
                          duration, connection-id, request-id, error,
                          request-body-bytes, response-header-bytes,
                          http1.request-index,
                          proxy.idle-time, proxy.connect-time,
                          proxy.request-time, proxy.process-time,
                          proxy.response-time, proxy.total-time,
                          proxy.request-bytes, proxy.response-bytes (also with
                          -header and -body appended), upstream-name,
                          upstream-addr, upstream-tries, upstream-status,
                          ssl.protocol-version, ssl.cipher, ssl.cipher-bits,
                          ssl.session-reused, ssl.session-id, ssl.server-name;
                          the same with proxy. in front for the upstream's TLS.
Upstream values describe the last attempt.
Times are in seconds. A missing value is - (null with escape: json).
escape: apache writes \\xHH for bytes that could break a line, json \\u00HH.
`;

const controlText = `The control listener: metrics, page, API

  control: /run/hayate/control.sock
  control: {listen: 127.0.0.1:9000, write: ON, token: SECRET}

Use a unix path, or a TCP address with a token. Clients send the token as
Authorization: Bearer SECRET; browsers ask for it as a password (with any user
name). Requests from pages of other origins are refused. Without write: ON nothing
can be changed.

  /hayate/     a live web page: listeners, certificates, upstreams, servers, their
               health, rates and latencies, why a server is out, the last changes;
               with write: ON also buttons to drain and take down
  /hayate/status.json
               the process: version, generation, connections, listeners,
               certificates; the last 100 changes: who (the user of a unix socket,
               an address on TCP, after the user name that the browser gave), when
               and what; reloads too, and why one was refused
  /metrics     for Prometheus; OpenMetrics 1.0 for clients that accept it.
               Prometheus cannot scrape a unix path; with a TCP address:
                 scrape_configs:
                   - job_name: hayate
                     authorization: {credentials_file: /etc/prometheus/hayate.token}
                     static_configs: [{targets: ["127.0.0.1:9000"]}]
  /api/9/      NGINX Plus's API, versions 1 to 9, as its Go client and exporters
               read it: nginx, processes, connections, ssl, workers, http/requests,
               http/server_zones; objects that hayate does not have are empty
  /api/9/http/upstreams/
    GET    .../NAME                     one upstream; ?fields=a,b selects members
    DELETE .../NAME                     set its counters to zero
    GET    .../NAME/servers/            its servers, with their ids
    POST   .../NAME/servers/            add one: {"server":"10.0.0.1:80","weight":2}
    PATCH  .../NAME/servers/ID          change one: {"down":true}, {"drain":true},
                                        {"weight":5}
    DELETE .../NAME/servers/ID          remove one

Servers have a reason beside their state where there is one: the last failed
check, an ejection, failed requests, an operator. When a call returns, every
worker uses the change. With state: FILE changes, and the list of them, are kept
across restarts.

  curl --unix-socket /run/hayate/control.sock http://localhost/api/9/http/upstreams/
`;

const tlsText = `TLS

As in h2o:

  listen:
    port: 443
    ssl:
      certificate-file: /etc/ssl/site.crt
      key-file: /etc/ssl/site.key

The default of minimum-version is TLSv1.2. identity lists further certificates
(RSA and ECDSA side by side). ssl in a listen of the host level gives that host a
certificate of its own, chosen by the client's SNI. client-ca-file requires a
certificate from clients. A request for a host with another certificate or
client-ca-file than its connection's gets 421.

Under hayate supervise: an entry of PORTS with /tls, or with a port that ends in
443, uses TLS. HAYATE_CERT and HAYATE_KEY name the files; without them a self-signed
certificate for localhost and the host's name is made at start and used by every
generation.

To upstreams: proxy.reverse.url: https://host/ verifies the certificate against the
system's CAs, or those of proxy.ssl.cafile; proxy.ssl.verify-peer: OFF turns this
off.

TLS uses OpenSSL 3 (libssl.so.3). If it is missing, an error says so.
`;

const signalsText = `Signals of hayate proxy

  TERM, INT   stop accepting, finish accepted requests within drain-timeout, exit.
              A second one exits at once and logs how many requests were cut
  QUIT        exit at once
  USR1        reopen log files
  HUP         read the configuration and the certificates again

If the new configuration is invalid, the log names the line and the running one
stays in force. A valid one applies to every connection accepted from then on;
requests in progress finish under the previous one, tunnels within drain-timeout.
Sockets that both configurations name stay open. Health checks, counters and
changes made through the API continue, with or without a state file. With several
workers, new ones are started before the old ones exit. Changing between one
process and several (num-threads) needs a restart.

To replace the program itself, run it under hayate supervise (or Server::Starter's
start_server) and send HUP there: a new generation starts on the same sockets.
`;

export const proxyTopics: readonly Topic[] = [
  {
    name: "directives",
    summary: "every directive of h2o.conf that hayate knows",
    text: directivesText,
  },
  {
    name: "upstreams",
    summary: "groups of servers: balancing, retries, keepalive",
    text: upstreamsText,
  },
  {
    name: "sticky",
    summary: "binding clients to a server: cookies and routes",
    text: stickyText,
  },
  {
    name: "failover",
    summary: "retry budget, outlier ejection, least_time, request bodies",
    text: failoverText,
  },
  { name: "check", summary: "active health checks and their status page", text: checkText },
  {
    name: "client-address",
    summary: "PROXY protocol, real-ip, request IDs",
    text: clientAddressText,
  },
  { name: "names", summary: "servers by name: DNS, SRV, resolver", text: namesText },
  {
    name: "acme",
    summary: "certificates from a CA: settings, challenges, renewal",
    text: acmeText,
  },
  { name: "http2", summary: "HTTP/2 with clients: settings and limits", text: http2Text },
  { name: "access-log", summary: "targets and formats", text: accessLogText },
  { name: "control", summary: "metrics, page and API", text: controlText },
  {
    name: "tls",
    summary: "certificates, TLS ports of the supervisor, https upstreams",
    text: tlsText,
  },
  { name: "signals", summary: "what each signal does", text: signalsText },
];
