/** The pages of `hayate help proxy TOPIC`. */
import type { Topic } from "../../cli/mod.ts";
import { checkText } from "./check.ts";
import { clientAddressText } from "./client_address.ts";
import { directivesText } from "./directives.ts";
import { failoverText } from "./failover.ts";
import { namesText } from "./names.ts";
import { stickyText } from "./sticky.ts";

const upstreamsText = `Upstreams

h2o.conf has no words for groups of servers with health, so hayate adds one
top-level key. proxy.reverse.url: http://NAME/ (or https://, without a port) uses
an entry.

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
  max_fails=N       failures within fail_timeout that take it out (1); 0: never
  fail_timeout=T    and for how long (10s)
  max_conns=N       connections at a time (0: no limit)
  slow_start=T      grow to its weight over T when it comes back
  backup            only when no other is left
  down, drain       out of use by hand; drain keeps what has begun
  resolve, service=NAME  look the name up again: see hayate help proxy names
  route=TEXT        its name in sticky sessions

balance: round_robin (smooth, weighted; the default), least_conn, random,
  random two, ip_hash, hash KEY, hash KEY consistent, least_time header|last_byte
  KEY is made of variables such as $request_uri or $remote_addr.

keepalive: N               idle connections that are kept, per worker (32)
keepalive_timeout: T       and for how long (60s)
keepalive_requests: N      and for how many requests (1000000)
proxy_protocol: v1 or v2   tell servers who the client is, on a connection for each
                           request (OFF). See: help proxy client-address

next_upstream: when to try another server
  error timeout (the default), invalid_header, http_403, http_404, http_429,
  http_500, http_502, http_503, http_504, non_idempotent, off
  A request that is not idempotent is never sent twice once a byte of it has gone
  out, unless non_idempotent says so. A reused connection that turns out to be
  dead gets one free try.
next_upstream_tries: N     at most (0: one for each server)
next_upstream_timeout: T   and for how long (0: no limit)
no_live: 502 or 503        the answer when no server is left (502)

sticky: clients stay with their server: see hayate help proxy sticky
retry_budget, outlier, request_buffer, least_time: see hayate help proxy failover

check, check_http_send, check_match, ...: see hayate help proxy check
`;

const accessLogText = `Access log

  access-log: /var/log/access.log
  access-log: "| rotatelogs /var/log/access.%Y%m%d 86400"
  access-log: "pipe:rollback /var/log/access.log interval=1d baknum=7 maxsize=1G"
  access-log: syslog:udp://127.0.0.1:514,facility=local7,tag=web
  access-log: {path: /dev/stdout, format: json}

Targets: a path (- or /dev/stdout: standard output), a command behind | that is
started again when it dies, a file that is moved away by age and size
(pipe:rollback), or syslog (RFC 5424) over udp://, tcp:// or unix:/path.
Lines are written at least once a second; USR1 opens files again. A target that
takes nothing holds up no request: a megabyte waits for it, lines beyond are lost,
counted (hayate_log_lines_lost_total) and told in the error log.

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
                          -header and -body behind), upstream-name,
                          upstream-addr, upstream-tries, upstream-status,
                          ssl.protocol-version, ssl.cipher, ssl.cipher-bits,
                          ssl.session-reused, ssl.session-id, ssl.server-name;
                          the same of the upstream's TLS behind proxy.
The upstream's facts are those of the last server that was asked.
Times are seconds. What is missing is - (null with escape: json).
escape: apache writes \\xHH for bytes that could break a line, json \\u00HH.
`;

const controlText = `The control listener: metrics, page, API

  control: /run/hayate/control.sock
  control: {listen: 127.0.0.1:9000, write: ON, token: SECRET}

A unix path by default; a TCP address needs a token, which clients send as
Authorization: Bearer SECRET; a browser asks for it as a password (any name).
Pages of other origins are refused. Without write: ON nothing can be changed.

  /hayate/     a page for people: listeners, upstreams, servers, their health,
               rates and latencies; with write: ON buttons to drain and take down
  /hayate/status.json
               the process: version, generation, connections, listeners
  /metrics     for Prometheus; as OpenMetrics 1.0 for those that accept it.
               Prometheus cannot scrape a unix path, so with a TCP address:
                 scrape_configs:
                   - job_name: hayate
                     authorization: {credentials_file: /etc/prometheus/hayate.token}
                     static_configs: [{targets: ["127.0.0.1:9000"]}]
  /api/9/      NGINX Plus's API, versions 1 to 9, as its Go client and exporters
               read it: nginx, processes, connections, ssl, workers, http/requests,
               http/server_zones; what hayate does not have is empty
  /api/9/http/upstreams/
    GET    .../NAME                     one upstream; ?fields=a,b for some members
    DELETE .../NAME                     set its counters to zero
    GET    .../NAME/servers/            its servers, with their ids
    POST   .../NAME/servers/            add one: {"server":"10.0.0.1:80","weight":2}
    PATCH  .../NAME/servers/ID          change one: {"down":true}, {"drain":true},
                                        {"weight":5}
    DELETE .../NAME/servers/ID          remove one

A change has reached every worker before the call returns. With state: FILE it is
kept across restarts.

  curl --unix-socket /run/hayate/control.sock http://localhost/api/9/http/upstreams/
`;

const tlsText = `TLS

As in h2o:

  listen:
    port: 443
    ssl:
      certificate-file: /etc/ssl/site.crt
      key-file: /etc/ssl/site.key

minimum-version is TLSv1.2 unless said otherwise. identity lists further
certificates (RSA and ECDSA side by side); ssl in a listen of the host level gives
that host a certificate of its own, chosen by the name that the client asks for.
client-ca-file asks clients for a certificate.

As the appliance (hayate supervise): an entry of PORTS whose port ends in 443, or
that carries /tls, speaks TLS. HAYATE_CERT and HAYATE_KEY name the files; without
them a self-signed certificate for localhost and the host's name is made at start
and kept for every generation.

To upstreams: proxy.reverse.url: https://host/ verifies the certificate against the
system's roots; proxy.ssl.cafile names others, proxy.ssl.verify-peer: OFF does not.

TLS is OpenSSL 3 (libssl.so.3). Where it is missing, one line says so.
`;

const signalsText = `Signals of hayate proxy

  TERM, INT   stop accepting, answer what has begun, end; at most drain-timeout.
              Another one ends at once; the log says how much was cut
  QUIT        end at once
  USR1        open log files again
  HUP         read the config and the certificates again

After HUP a config with a problem changes nothing: the log names the line, and
the running one stays. A good one is in force for every connection that is
accepted from then on; what is under way ends under the one before, tunnels at
the latest after drain-timeout. Sockets that both name stay open, health checks
and counters go on, and so do changes that were made through the API, with or
without a state file. With several workers new ones are started, then the old
ones end. Between one process and several (num-threads) only a restart changes.

A new version of the program takes hayate supervise (or Server::Starter's
start_server) and HUP there: it starts a new generation on the same sockets.
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
    summary: "clients that stay with their server: cookies and routes",
    text: stickyText,
  },
  {
    name: "failover",
    summary: "retry budget, outliers, least_time, request bodies",
    text: failoverText,
  },
  { name: "check", summary: "active health checks and their status page", text: checkText },
  {
    name: "client-address",
    summary: "PROXY protocol, real-ip, request ids",
    text: clientAddressText,
  },
  { name: "names", summary: "servers by name: DNS, SRV, resolver", text: namesText },
  { name: "access-log", summary: "targets and formats", text: accessLogText },
  { name: "control", summary: "metrics, page and API", text: controlText },
  {
    name: "tls",
    summary: "certificates, the appliance's TLS ports, https upstreams",
    text: tlsText,
  },
  { name: "signals", summary: "what each signal does", text: signalsText },
];
