/** `hayate help proxy directives`. A test compares it with the table of directives. */
export const directivesText = `Directives of h2o.conf

The file is YAML. hosts contains host names, each with paths, each with its own
directives. Inner levels inherit the settings of outer levels. A directive may be
repeated; each occurrence is applied, in order. Every value is read as text, so ON,
OFF and 600 mean the same as in h2o. !file PATH includes a file, !env NAME a
variable; aliases and << merges work.

G = global, H = host, P = path level. (default)

Listening and hosts
  listen              G H  port, or {port, host, type: tcp|unix, ssl,
                           proxy-protocol: ON|OFF|REQUIRED or {from},
                           http2: ON|OFF, permission, owner, group}; or a
                           sequence of these.
                           type: quic is skipped with a warning.
                           See: help proxy client-address
                           May be repeated. On the host level: for that host only.
                           ssl: {certificate-file, key-file, identity: [...],
                           minimum-version (TLSv1.2), maximum-version,
                           cipher-suite, cipher-suite-tls1.3,
                           key-exchange-tls1.3: a group or a sequence, such as
                           [x25519mlkem768, x25519, secp256r1], for TLS 1.2 too,
                           cipher-preference: server|client, client-ca-file,
                           ocsp-file: a response in DER to staple while it
                           holds}.
                           With ssl on the host level the certificate is chosen
                           by the client's SNI.
  acme                G    {accept-tos, email, ...}: certificates from a CA for each
                           ssl: {}. See: help proxy acme
  ssl-session-resumption
                      G    {mode: off|cache|ticket|all (all), lifetime: seconds
                           (7200), ticket-store: internal|file, ticket-file}: how
                           TLS sessions resume. The file has keys in h2o's form;
                           hosts that share it resume each other's sessions. It
                           is read again when it changes. cache: in each process
  ssl-offload         G    OFF|kernel|AUTO (OFF): who encrypts files for clients of
                           HTTP/1.1. kernel: the kernel, by sendfile, where it can
                           (Linux with its module tls, AES-GCM or ChaCha20); else
                           OpenSSL as with OFF. AUTO: the same, from 128 KB. From
                           its first file on, the kernel encrypts all that the
                           connection sends. A client of TLS 1.3 that then asks for
                           new keys gets them from Linux 6.14 on; an older kernel
                           cannot change them, and the connection ends with an alert
  hosts               G    name, name:port, *.name or default -> host level
  paths               H    prefix -> path level, or a sequence of mappings; the
                           longest prefix of whole segments wins
  strict-match        H    ON: serves only the names it lists (OFF)
  merge-slashes       G H  ON: // and /%2f count as one slash when route and file
                           are chosen; upstreams get the path as received, without
                           dot segments. OFF: as in h2o, //x is not below /x (ON)

Handlers
  proxy.reverse.url   P    http://host[:port]/path or http://[unix:/path]/path;
                           several as a sequence, {url, weight}, or {backends,
                           balancer: round-robin|least-conn}, each with its own
                           scheme, Host and path; or the name of an entry of
                           upstreams. See: help proxy upstreams
  file.dir            P    folder with static files. A missing file, or a folder
                           without index, goes to the path's next handler;
                           without one it is 404.
  file.file           P    one file
  redirect            P    URL, or {url, status: 302, internal: YES|NO}. An
                           internal one is a GET without body, unless its
                           status is 307 or 308.
  status              P    ON: h2o's status page; below it json, with h2o's names
                           (json?show=main,errors). Shows the process that answers.
  check_status        P    ON, html, csv, json, prometheus: health of the peers.
                           See: help proxy check

Proxy
  proxy.preserve-host G H P  send the client's Host (OFF: the upstream's)
  proxy.timeout.io           ms between two reads or writes (30000); also sets
                             the next two
  proxy.timeout.connect      ms to connect (30000)
  proxy.timeout.first_byte   ms from the end of the request to the first byte of
                             the response (30000)
  proxy.timeout.keepalive    ms an idle upstream connection is kept (2000);
                             0: none is kept
  proxy.websocket, proxy.tunnel
                             ON: tunnel WebSockets. Upgrade to other protocols is
                             removed from the request (OFF)
  proxy.websocket.timeout    ms without traffic in a tunnel (300000)
  proxy.forward.close-connection
                             ON: close the client's connection when the upstream
                             closes its own
  proxy.ssl.verify-peer, proxy.ssl.cafile
                             for https upstreams
  proxy.http2.ratio          share of requests sent over HTTP/2, 0 to 100 (0). An
                             https upstream chooses the version itself (ALPN)
  proxy.http2.max-concurrent-streams, proxy.http2.max-concurrent_streams
                             requests at the same time on one connection (100)
  proxy.http2.force-cleartext
                             ON: http upstreams speak HTTP/2 (OFF); needs ratio 100
  proxy.expect, proxy.max-buffer-size
                             accepted; hayate needs neither
  proxy.proxy-protocol       ON: send a PROXY header with the client's address
                             (OFF)
  real-ip                    {from, header, recursive, untrusted}: trusted
                             proxies and the field with the client's address
  proxy.request-id           ON, a field name, or {header, accept, respond}: an
                             ID for each request (OFF)
                             See: help proxy client-address
  proxy.emit-x-forwarded-headers  G  x-forwarded-for and -proto (ON)
  proxy.preserve-x-forwarded-proto G keep the client's x-forwarded-proto (OFF)
  proxy.emit-via-header      G  via (ON)
  proxy.emit-missing-date-header G   date, if the upstream sent none (ON)

Static files (G H P)
  file.index          files served for a folder (index.html, index.htm,
                      index.txt)
  file.dirlisting     list folders without an index (OFF)
  file.etag           (ON)
  file.send-compressed, file.send-gzip
                      ON: send FILE.br, .zst or .gz to clients that accept it;
                      gunzip: also decompress FILE.gz for others (OFF)
  file.mime.addtypes, file.mime.settypes
                      {type: extension or [extensions]}
  file.mime.removetypes      extension or [extensions]
  file.mime.setdefaulttype   (application/octet-stream)

Responses (G H P)
  header.add, header.append, header.merge, header.set, header.setifempty
                      "Name: value", or a sequence of them
  header.unset, header.unsetunless
                      names
  proxy.header.add, proxy.header.append, proxy.header.merge, proxy.header.set,
  proxy.header.setifempty, proxy.header.unset, proxy.header.unsetunless
                      the same for requests to upstreams
  header.cookie.unset, header.cookie.unsetunless, proxy.header.cookie.unset,
  proxy.header.cookie.unsetunless
                      names of cookies to remove from the Cookie field
  error-doc           {status: 404 or [..], url}, or a sequence of them. The
                      document keeps the error's status, also for errors of an
                      upstream. It is fetched with a GET without body (HEAD for
                      a HEAD).
  redirect-to-https   ON: 301 (GET, HEAD) or 308 to the same URL with https, on
                      listeners without ssl; /.well-known/acme-challenge/TOKEN
                      excepted, and requests that came over TLS to a trusted
                      proxy (OFF)
  hsts                ON (1 year), OFF, 180 days, or {max-age,
                      include-subdomains, preload}: Strict-Transport-Security on
                      listeners with ssl (OFF)
  expires             1 day, 10 minutes, OFF
  compress            ON, OFF, [br, zstd, gzip], or each with its level:
                      {gzip: 1-9, br: 0-11, zstd: 1-22} (OFF; levels 1)
                      For files and proxied responses of text types with
                      status 2xx.
  gzip                ON: compress with gzip alone
  compress-minimum-size  bytes (100)
  send-informational  G
                      which clients get 103 and other 1xx responses of upstreams:
                      all; except-h1: those with HTTP/2, as some others take one
                      for the final response; none (except-h1)

Logs
  access-log          G H P  path, "| command", or {path, format, escape}.
                      See: help proxy access-log
  setenv, unsetenv    {NAME: value}; names: variables, for %{NAME}e in access logs
  error-log           G    path or "| command"
  error-log.emit-request-errors  G H P  (ON)

Limits (all G)
  max-connections           connections of each process (0: no limit); at the
                            limit, connections idle for 1 s are closed
  limit-request-body        bytes (1073741824)
  limit-request-line        bytes of a request line, 1024 to 131072 (8192); the
                            whole head may have 56 KB more
  handshake-timeout         seconds for a TLS handshake (10)
  http1-request-timeout     seconds for a request head (10)
  http1-request-io-timeout  seconds between two reads of a body (30)
  http1-idle-timeout        seconds between two requests (60)
  http1-allow-half-open     ON: a client that has closed its sending side still
                            gets its response. OFF: the request is aborted, at
                            the upstream too, and logged with 499 (OFF)
  http2, http2-idle-timeout, http2-max-streams, http2-limits,
  http2-max-concurrent-requests-per-connection,
  http2-max-concurrent-streaming-requests-per-connection,
  http2-input-window-size, http2-graceful-shutdown-timeout,
  http2-dos-delay, http2-reprioritize-blocking-assets,
  http2-waiting-output-per-connection, http2-waiting-output-per-listener
                            See: help proxy http2
  drain-timeout             seconds that TERM waits for accepted requests (30, or
                            the variable DRAIN_TIMEOUT)
  drain-idle-timeout        seconds that a drain keeps idle connections, for
                            requests already on their way (1)

Process (all G)
  num-threads         worker processes (1), or a list of CPUs such as [0-3, 6]: a
                      worker for each, which stays on it. Several need the epoll
                      reactor: those of HAYATE_REACTOR=portable share no sockets
  pid-file            path
  server-name         (hayate/VERSION)
  send-server-name    ON, OFF, preserve: the upstream's (ON)
  user                user to run as, NAME or NAME:GROUP, by name or id (nobody
                      where root starts it). A parent keeps root, and opens the
                      certificates, keys, logs, ports and sockets that the file
                      names; the folders of file.dir are read as the user. root:
                      stay root. --user and HAYATE_USER come before it
  control             unix path, or {listen, write: ON|OFF, token}: the private
                      listener for metrics, page and API. See: help proxy control
  state               file that keeps changes made through the API and the results
                      of health checks across restarts
  upstreams           See: help proxy upstreams
  check_shm_size      accepted, without effect (Tengine)
  resolver            "127.0.0.1:53 valid=30s": DNS servers for the names of
                      servers (/etc/resolv.conf). See: help proxy names

hayate proxy -t -c h2o.conf lists directives that h2o supports and hayate does not,
with their lines.
`;
