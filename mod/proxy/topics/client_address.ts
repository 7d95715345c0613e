/** The page of `hayate help proxy client-address`. */
export const clientAddressText = `Where requests come from

With a load balancer in front, every connection comes from it. The client's address
is then in a header at the start of the connection (PROXY protocol) or in a field
of each request. It is used in access logs (%h), for ip_hash and $remote_addr,
and at the end of the x-forwarded-for that the upstream gets.

PROXY protocol in: version 1 (text) or 2 (binary), recognized by its first bytes,
also before TLS, on TCP and unix sockets.

  listen: {port: 80, proxy-protocol: ON}

  ON        a connection without a header is served under its own address (as h2o
            does): anyone who reaches the port can claim any address
  REQUIRED  a connection without a header is closed, as the protocol requires
  {from: [10.0.0.0/8, "unix:"]}
            required from these peers; not parsed from any other
Connections with an invalid header, or one that is not complete within
handshake-timeout, are closed and logged.

PROXY protocol out:

  proxy.proxy-protocol: ON        version 1, for a path, a host or all (h2o)
  upstreams:
    app:
      servers: [127.0.0.1:8081]
      proxy_protocol: v2          or v1; its health checks send a header, too

Each request then uses a connection of its own, since a header names the client of a
whole connection. With https upstreams the header precedes the handshake.

real-ip: trusted proxies (nginx's set_real_ip_from, real_ip_header and
real_ip_recursive). Levels G H P; OFF turns it off for inner levels.

  real-ip:
    from: [10.0.0.0/8, "2001:db8::/32", "unix:"]
    header: X-Forwarded-For   or X-Real-IP, CF-Connecting-IP, Forwarded, ...
    recursive: ON             the last address that is not in from (OFF: the last)
    untrusted: DROP           X-Forwarded-*, X-Real-IP and Forwarded of other peers
                              are not forwarded (KEEP: they are, as in h2o)

Many applications read X_Forwarded_For and X-Forwarded-For as the same variable,
HTTP_X_FORWARDED_FOR. DROP drops such spellings even from trusted peers. Those of
X-Forwarded-For, X-Forwarded-Proto, the request ID and hop-by-hop fields are never
forwarded. proxy.header.set and proxy.header.unset of X-User remove X_User as well.

The X-Forwarded-Proto of a trusted peer is kept, that of others is replaced (see
proxy.preserve-x-forwarded-proto). The client is determined for each request, since
a balancer's connection carries many clients. At the edge of a network, without
trusted proxies, use real-ip: {untrusted: DROP}.

proxy.request-id: one ID for each request, sent to the upstream and written to
access logs with %{request-id}x: 32 hexadecimal digits, random but not secret.

  proxy.request-id: ON            in X-Request-Id; or the name of a field
  proxy.request-id:
    header: X-Correlation-Id
    accept: trusted             keep the ID that a request carries: from trusted
                                proxies, any: from every peer, none: never
                                (trusted)
    respond: ON                 send it to the client, too (OFF)
`;
