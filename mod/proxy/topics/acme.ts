import { letsEncrypt, stateDefault } from "../../acme/core/settings.ts";

/** `hayate help proxy acme`. */
export const acmeText = `Certificates from a CA (ACME, RFC 8555)

  acme:
    accept-tos: YES
    email: admin@example.com
  listen:
    - 80
    - {port: 443, ssl: {}}

An ssl without certificate-file gets a certificate for each host: on the global
level for all keys of hosts that are served there, in a host's own listen for that
host.
default, addresses and names without a dot get none: they are served with another
host's. A wildcard is an error; a listen of its own takes it off this listener.

  accept-tos    YES: you accept the CA's terms of service. Required
  email         where the CA writes about the account
  directory     the CA (${letsEncrypt})
  ca-file       CAs to trust for the directory itself, in PEM; for a CA of your own
  profile       one of the CA's profiles, such as shortlived
  eab           {kid, key}: an account that you have at the CA already
  key-type      p256, p384, rsa2048 (p256)
  http-port     the ports that 80 and 443 are forwarded to, if they are (80, 443);
  tls-port      redirect-to-https leads to 443 then
  state         folder for account, keys and certificates, mode 0700
                (${stateDefault}). Hosts that share it order
                once, and answer each other's challenges. memory: kept until the
                process ends, so that each start orders again

The CA asks on port 80 of a listen without ssl (HTTP-01), or on port 443 of one with
ssl: {} (TLS-ALPN-01). Without both, hayate does not start; with both, each attempt
begins with the other one. /.well-known/acme-challenge/ is answered for our own
pending tokens alone; all others are routed, also those of certbot.

A self-signed certificate is served until the first one is there. A new one is in
use within ten seconds, without a lost connection. The CA says when to renew (RFC
9773); where it does not, renewal begins after two thirds of the life. After a
failure the old certificate stays, and the next attempt waits: a minute, then more,
up to a day, over restarts too. A folder that cannot be written means that nothing
is ordered.

hayate proxy certs lists names, issuers, days left, the next renewal and the last
error. hayate_certificate_expiry_seconds at /metrics is for alarms.

Under hayate supervise, TLS_DOMAIN="a.example b.example" is enough for the entries
of PORTS with TLS: it accepts the terms. The CA may also ask on a plain entry of
PORTS. ACME_EMAIL, ACME_DIRECTORY, ACME_CA_FILE and ACME_STATE are the settings
above.
`;
