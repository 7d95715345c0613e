/** The page of `hayate help proxy client-address`. */
export const clientAddressText = `Where requests come from

Behind a load balancer every connection comes from the balancer. Two ways lead to
the client: a header ahead of the connection (PROXY protocol), or a field of each
request.
The address that is found is the one in access logs (%h), in ip_hash and
$remote_addr, and at the end of the x-forwarded-for that the upstream gets.

PROXY protocol in: versions 1 (a line) and 2 (binary) are told apart by their
first bytes, ahead of TLS as well, on TCP and unix sockets.

  listen: {port: 80, proxy-protocol: ON}

  ON        a connection without a header is served under its own address (as h2o
            does): whoever reaches the port can give itself any address
  REQUIRED  a connection without a header is closed, as the protocol wants it
  {from: [10.0.0.0/8, "unix:"]}
            required of these peers; the connections of all others are served as
            they are, whatever they begin with
Broken headers, and those that are not complete within handshake-timeout, are
closed with a line in the log.

PROXY protocol out:

  proxy.proxy-protocol: ON        version 1, for a path, a host or all (h2o)
  upstreams:
    app:
      servers: [127.0.0.1:8081]
      proxy_protocol: v2          or v1; its health checks send a header, too

Each request then gets a connection of its own: a peer takes all of a connection
for one client's. With https upstreams the header precedes the handshake.

real-ip: whose word counts (nginx's set_real_ip_from, real_ip_header and
real_ip_recursive). G H P; OFF turns it off below.

  real-ip:
    from: [10.0.0.0/8, "2001:db8::/32", "unix:"]
    header: X-Forwarded-For   or X-Real-IP, CF-Connecting-IP, Forwarded, ...
    recursive: ON             the last address that is not in from (OFF: the last)
    untrusted: DROP           X-Forwarded-*, X-Real-IP and Forwarded of all others
                              are not passed on (KEEP: they are, as in h2o)

Applications see fields as variables: X_Forwarded_For and X-Forwarded-For are both
HTTP_X_FORWARDED_FOR. DROP drops every such spelling, also when a trusted peer sends
it. X_Forwarded_For, X_Forwarded_Proto and the like of the request id and of
hop-by-hop fields are never passed on. proxy.header.set and proxy.header.unset of
X-User remove X_User as well.

A trusted peer's X-Forwarded-Proto is kept, others' are replaced with ours (see
proxy.preserve-x-forwarded-proto). It is decided for each request: a balancer's
connection carries many clients. At the edge of a network, where nobody is to be
believed, real-ip: {untrusted: DROP} is enough.

proxy.request-id: a name for each request, sent to the upstream and written to
access logs with %{request-id}x. 32 hexadecimal digits; random, but no secret.

  proxy.request-id: ON            in X-Request-Id; or the name of a field
  proxy.request-id:
    header: X-Correlation-Id
    accept: trusted             take over names that come from real-ip's peers;
                                any: from everybody, none: from nobody (trusted)
    respond: ON                 tell the client, too (OFF)
`;
