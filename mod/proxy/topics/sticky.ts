/** `hayate help proxy sticky`. */
export const stickyText = `Sticky sessions: a client stays with its server

A key of an entry of upstreams, over any balance. A client without a session goes
where the balancer says, and so does one whose server is gone, down, full, failing
or ejected. A server that drains gets its old sessions and no new ones.

nginx's forms
  sticky: cookie NAME [expires=T|max] [domain=D] [path=P] [httponly] [secure]
                      [samesite=strict|lax|none]
      every answer sets the cookie
  sticky: route $cookie_NAME $arg_NAME $http_NAME
      the first of these that is not empty names the server

Tengine's forms (session_sticky: cookie=NAME mode=insert ... is read as well)
  sticky: insert  [option=indirect] [maxage=S] [maxidle=T] [maxlife=T] ...
      sets a cookie of its own for new clients; indirect: the server does not see
      it; maxidle, maxlife: a session ends when it was not used for so long, or is
      as old
  sticky: rewrite ...
      replaces the value of the cookie that the server sets, where it does
  sticky: prefix  ...
      the server's cookie becomes NAME=SERVER~VALUE; the server sees its VALUE
  All three take cookie=NAME (route), domain=D, path=P (/), fallback=on|off (on;
  off: the session's server or an error), hash=md5|plain (md5).

A server's name in cookies is its route=, else the MD5 of its address; with
hash=plain its name.

  upstreams:
    app:
      servers: ["127.0.0.1:8081 route=a", "127.0.0.1:8082 route=b"]
      sticky: cookie srv expires=1h path=/ httponly

To empty a server: hayate proxy ctl drain app SERVER, wait, ... down.
`;
