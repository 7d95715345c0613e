/** Groups of the key exchange, and which of them the library in use has. */
import { StartError } from "../base/errors.ts";
import { cString, libssl, textAt } from "../sys/libssl.ts";
import { takeFailure } from "./openssl_error.ts";
import { Ctrl } from "./ssl_settings.ts";

/** OpenSSL's names by those that h2o.conf may use, in lower case (RFC 8446 4.2.7). */
export const groupNames: Readonly<Record<string, string>> = {
  "x25519mlkem768": "X25519MLKEM768",
  "secp256r1mlkem768": "SecP256r1MLKEM768",
  "secp384r1mlkem1024": "SecP384r1MLKEM1024",
  "x25519": "X25519",
  "x448": "X448",
  "secp256r1": "P-256",
  "p-256": "P-256",
  "prime256v1": "P-256",
  "secp384r1": "P-384",
  "p-384": "P-384",
  "secp521r1": "P-521",
  "p-521": "P-521",
};

/** The hybrid that browsers offer; OpenSSL has it from 3.5, and offers it without being told to. */
export const hybridGroup = "X25519MLKEM768";

/** Version of the library, such as `3.5.4`. */
export function opensslVersion(): string {
  const versionString = 6;
  return textAt(libssl().OpenSSL_version(versionString));
}

/** Which of OpenSSL's names of groups the library in use does not have. */
export function missingGroups(names: readonly string[]): string[] {
  const lib = libssl();
  const context = lib.SSL_CTX_new(lib.TLS_server_method());
  if (context === null) throw new Error(`SSL_CTX_new failed: ${takeFailure().phrase}`);
  const missing = names.filter((name) =>
    lib.SSL_CTX_ctrl(context, Ctrl.setGroupsList, 0, cString(name)) !== 1
  );
  lib.ERR_clear_error();
  lib.SSL_CTX_free(context);
  return missing;
}

/**
 * The library's own lists without the finite fields: one of these costs the server up to 16 ms, where
 * a curve costs 0.1, and a client may ask for it without any work of its own (CVE-2002-20001). The
 * first one is in the notation of 3.5, which keeps its preference for the hybrid.
 */
const defaultLists = [
  "?*X25519MLKEM768 / ?*X25519:?secp256r1 / ?X448:?secp384r1:?secp521r1",
  "X25519:P-256:X448:P-521:P-384",
] as const;

/** Allows the library's elliptic curves and hybrids. */
export function useDefaultGroups(context: Deno.PointerObject): void {
  const lib = libssl();
  for (const list of defaultLists) {
    if (lib.SSL_CTX_ctrl(context, Ctrl.setGroupsList, 0, cString(list)) === 1) return;
    lib.ERR_clear_error();
  }
  throw new Error("OpenSSL has none of its default groups");
}

/** Allows these groups in this order, without those that the library lacks. Throws `StartError`. */
export function useGroups(context: Deno.PointerObject, names: readonly string[]): void {
  const missing = missingGroups(names);
  const list = names.filter((name) => !missing.includes(name)).join(":");
  if (list !== "" && libssl().SSL_CTX_ctrl(context, Ctrl.setGroupsList, 0, cString(list)) === 1) {
    return;
  }
  throw new StartError(
    `key-exchange-tls1.3: OpenSSL ${opensslVersion()} has none of ${names.join(", ")}`,
  );
}
