/** `hayate help proxy names`. */
export const namesText = `Names of servers

Servers can be given by name, in servers and in proxy.reverse.url.

Without resolve a name is one server, however many addresses it has. New connections
use its current addresses in turn (IPv4 first if there are both); if one cannot be
reached, the next is tried. Idle connections to addresses that the name no longer
has are not reused. Health checks connect in the same way: one address that answers
is enough.

With resolve each address is a server of its own, with the parameters of the line
and with its own failures, check and row on the pages.

  resolver: 127.0.0.1:53 valid=30s
  upstreams:
    app:
      servers:
        - app.example:8080
        - replicas.example:8080 resolve
        - backends.example service=http resolve

A name is looked up again when the TTL of the answer has expired, but after at least
1 and at most 30 seconds, so that a new container is found although Docker's DNS
reports a TTL of 600; valid=TIME overrides this. Without resolve, a name is also
looked up when its server cannot be reached at any address, at most once a second.
If no DNS server answers, or the name does not exist any more, the last known
addresses stay in use; this is logged once. A server whose name has no address yet
counts as down: a start waits up to 5 seconds for names, later answers are used when
they arrive.

With resolve, addresses that stay keep their connections and state. New ones are
checked first if the upstream has a check; then the old ones are removed, and their
requests in progress finish. If a name has addresses of both families, those of IPv6
are backups.

service=NAME looks up SRV records: of _NAME._tcp under the host, or of NAME itself
if it has a dot (service=_http._tcp). Ports come from the records. Records with the
lowest priority number are primaries, the others backups; the weight of a record is
used if the line has none.

Lookups use /etc/hosts, then the servers of /etc/resolv.conf with its search list,
ndots, timeout and attempts; names that these do not know are looked up as the host
does. With resolver, global or in an upstream: /etc/hosts and these servers only.

  resolver: ADDRESS[:PORT] ...
    valid=T          replaces the TTL of answers
    timeout=T        for one attempt at one server (5s)
    attempts=N       rounds through the servers (2)
    ipv4=off, ipv6=off

In a Docker network, this finds scaled containers within 5 seconds:

  resolver: 127.0.0.11 valid=5s

One process does all lookups, whatever num-threads is. The API shows such servers
with parent and host. Changes to them last until their address disappears; one that
is removed through the API comes back with the next answer.
`;
