/** `hayate help proxy names`. */
export const namesText = `Names of servers

A server may be a name: in servers, and in proxy.reverse.url.

Without resolve it is one server, whatever number of addresses its name has. Each
new connection goes to the addresses of now, in turn (those of IPv6 last where there
are both); where one cannot be connected to, the next is tried. Kept connections to
addresses that the name no longer has are not used again. Health checks connect in
the same way: one address that answers is enough.

With resolve each address is a server of its own, with the parameters of the line:
its own weight, failures, check and row on the pages.

  resolver: 127.0.0.1:53 valid=30s
  upstreams:
    app:
      servers:
        - app.example:8080
        - replicas.example:8080 resolve
        - backends.example service=http resolve

A name is looked up again whenever the answer's time (TTL) has run out: after a
second at least, and 30 seconds at most, so that a new container is found although
Docker's DNS says 600; valid=TIME counts instead. Without resolve it is also looked
up, once a second at most, when a server could be reached at none of its addresses.
While nobody answers, or the name is gone, the addresses known before stay; the log
says so once. A server whose name has no address yet is passed over like one that is
down: a start waits up to 5 seconds for names, and those that follow are used then.

With resolve, addresses that stay keep their connections and what is known of them.
New ones are checked first, where the upstream has a check; only then the old ones
go, and what they have begun they end. With addresses of both families IPv6 is a
backup.

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

In a Docker network, containers that scale are found within 5 seconds by

  resolver: 127.0.0.11 valid=5s

One process asks, whatever num-threads is. The API shows such servers with
parent and host; changes that operators make to them last until their address
goes, and one that is removed comes back with the next answer.
`;
