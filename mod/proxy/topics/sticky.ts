/** `hayate help proxy sticky`. */
export const stickyText = `Sticky sessions: a client stays with its server

A directive of an entry of upstreams, for every balance. Clients without a session
are balanced, and so are those whose server is gone, down, full, failing or ejected.
A draining server keeps its sessions and gets no new ones.

nginx's forms
  sticky: cookie NAME [expires=T|max] [domain=D] [path=P] [httponly] [secure]
                      [samesite=strict|lax|none]
      every response sets the cookie
  sticky: route $cookie_NAME $arg_NAME $http_NAME
      the first of these that is not empty names the server

Tengine's forms (session_sticky: cookie=NAME mode=insert ... is read as well)
  sticky: insert  [option=indirect] [maxage=S] [maxidle=T] [maxlife=T] ...
      sets hayate's own cookie for new clients; indirect: the server does not get
      it; maxidle, maxlife: a session expires after this time without use, or in
      total
  sticky: rewrite ...
      replaces the value of the cookie in responses in which the server sets it
  sticky: prefix  ...
      the server's cookie becomes NAME=SERVER~VALUE; the server gets VALUE
  All three take cookie=NAME (route), domain=D, path=P (/), fallback=on|off (on;
  off: an error if the session's server is not available), hash=md5|plain (md5).

A server's name in cookies is its route=, otherwise the MD5 of its address, or its
name with hash=plain.

  upstreams:
    app:
      servers: ["127.0.0.1:8081 route=a", "127.0.0.1:8082 route=b"]
      sticky: cookie srv expires=1h path=/ httponly

To take a server out: hayate proxy ctl drain app SERVER, wait for its sessions to
end, then hayate proxy ctl down app SERVER.
`;
