/** What the OpenSSL in use can do, found out by asking it: distributions leave parts out. */
import { cString, libssl } from "../sys/libssl.ts";
import { libsslOcsp } from "../sys/libssl_ocsp.ts";
import { hybridGroup, missingGroups } from "./groups.ts";
import { takeFailure } from "./openssl_error.ts";
import { Ctrl, versions } from "./ssl_settings.ts";

export interface TlsAbilities {
  /** Compiled in, and allowed by the host's openssl.cnf. */
  readonly hasTls13: boolean;
  /** It has X25519MLKEM768, whose key exchange resists quantum computers. */
  readonly hasHybridGroup: boolean;
  readonly hasChacha20: boolean;
  readonly hasOcspStapling: boolean;
  readonly hasTickets: boolean;
}

/** Name, HMAC key and AES key of SSL_CTX_set_tlsext_ticket_keys(3). */
const ticketKeyBytes = 80;

/** Asks the library, which must be there (`opensslFault`). */
export function readAbilities(): TlsAbilities {
  const lib = libssl();
  const context = lib.SSL_CTX_new(lib.TLS_server_method());
  if (context === null) throw new Error(`SSL_CTX_new failed: ${takeFailure().phrase}`);
  const control = (command: number, value: number, bytes: Uint8Array<ArrayBuffer> | null = null) =>
    lib.SSL_CTX_ctrl(context, command, value, bytes);
  const tls13 = versions["TLSv1.3"];
  // 0: the highest that there is.
  const highest = control(Ctrl.getMaxVersion, 0);
  const abilities = {
    hasTls13: control(Ctrl.setMinVersion, tls13) === 1 && (highest === 0 || highest >= tls13),
    hasHybridGroup: missingGroups([hybridGroup]).length === 0,
    hasChacha20: lib.EVP_get_cipherbyname(cString("ChaCha20-Poly1305")) !== null,
    hasOcspStapling: libsslOcsp() !== null,
    hasTickets: control(Ctrl.setTicketKeys, ticketKeyBytes, new Uint8Array(ticketKeyBytes)) === 1,
  };
  lib.ERR_clear_error();
  lib.SSL_CTX_free(context);
  return abilities;
}
