/** Whether OpenSSL, which serves the certificates, can use one. */
import { cString, libssl } from "../../sys/libssl.ts";

/** SSL_FILETYPE_PEM. */
const fileTypePem = 1;

/**
 * Why OpenSSL would refuse a file with a certificate, its chain and its key, as a clause; null: it
 * would not. Unlike our own reader it knows the limits for signatures and keys of the host's policy.
 */
export function pairFault(file: string): string | null {
  const lib = libssl();
  const path = cString(file);
  const context = lib.SSL_CTX_new(lib.TLS_server_method());
  if (context === null) return "OpenSSL has no memory left";
  try {
    if (lib.SSL_CTX_use_certificate_chain_file(context, path) !== 1) {
      return "OpenSSL refuses the certificate";
    }
    const hasKey = lib.SSL_CTX_use_PrivateKey_file(context, path, fileTypePem) === 1 &&
      lib.SSL_CTX_check_private_key(context) === 1;
    return hasKey ? null : "the key does not belong to the certificate";
  } finally {
    lib.SSL_CTX_free(context);
    lib.ERR_clear_error();
  }
}
