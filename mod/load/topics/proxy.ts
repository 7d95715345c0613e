/** `hayate help load proxy`. */
export const proxyText = `Through an HTTP proxy (--proxy)

  hayate load --proxy http://proxy:3128 https://example.org/
  hayate load --proxy http://user:p%40ss@proxy:3128 http://example.org/

https URLs go through a tunnel: each connection sends CONNECT first, then TLS with the
server itself, with HTTP/2 (--http2) by ALPN as without a proxy. http URLs are sent with
the whole URL as their target, as curl -x does; with --proxy-tunnel through a tunnel,
too. HTTP/2 without TLS, the requests of a script and those of --replay always take a
tunnel. Many proxies allow tunnels to port 443 only.

The user and password of the URL, %-encoded where need be, go to the proxy as
Proxy-Authorization: Basic, and never through a tunnel to the server. Reports mask them.

Only --proxy chooses a proxy: http_proxy, https_proxy, all_proxy and no_proxy of the
environment are not read, so that the same command measures the same thing everywhere.

Names of servers are looked up by the proxy, the proxy's own name once, before the run.
-T holds for the connect, the tunnel and TLS together. A connection that gets no tunnel
is one failure of the kind proxy. Its code says why: the status of the proxy's answer
(407 asks for a password, 403 refuses, 502 and 504 could not reach the server), ETIMEDOUT,
EEOF (it closed), ECONNRESET, notHttp, or headTooLarge (16 KB without an end). The rest
of such an answer, a page for people, is not read. Without a tunnel the proxy's own
answers cannot be told from the server's: a 407 is then counted as that status.

With --phases the connect includes the tunnel. The proxy itself is reached without TLS;
https:// proxies are not supported.
`;
