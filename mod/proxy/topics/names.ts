/** `hayate help proxy names`. */
export const namesText = `Names of servers

A name in servers is looked up once, at the start, the way the host itself does
it, unless it has resolve:

  resolver: 127.0.0.1:53 valid=30s
  upstreams:
    app:
      servers:
        - app.example:8080 resolve
        - backends.example service=http resolve

With resolve the name is looked up again whenever the answer's time (TTL, at
least a second) has run out. Each address is a server of its own, with the
parameters of the line. Addresses that stay keep their connections and what is
known of them. New ones are checked first, where the upstream has a check; only
then the old ones go, and what they have begun they end. While nobody answers,
or the name is gone, the addresses known before stay; the log says so once. With
addresses of both families IPv6 is a backup.

service=NAME asks for SRV records: _NAME._tcp before the host, or NAME itself
where it has a dot (service=_http._tcp). Ports come from the records. The lowest
priority number makes primaries, the others backups; a record's weight counts
where the line has no weight.

Who is asked: /etc/hosts, then the servers of /etc/resolv.conf with its search
list, ndots, timeout and attempts; for names that these do not know, whatever
else the host asks. With resolver, at the top or in an upstream: /etc/hosts and
those servers alone.

  resolver: ADDRESS[:PORT] ...
    valid=T          counts in place of the answers' times
    timeout=T        for one try with one server (5s)
    attempts=N       rounds through the servers (2)
    ipv4=off, ipv6=off

One process asks, whatever num-threads is. The API shows such servers with
parent and host; changes that operators make to them last until their address
goes, and one that is removed comes back with the next answer.
`;
