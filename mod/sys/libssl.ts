/**
 * OpenSSL 3 over FFI. Lengths and results are declared as 32-bit types although some are `size_t`
 * or `long` in C: they are passed in whole registers either way, and all values here are small.
 */
import { StartError } from "../base/errors.ts";

/**
 * For functions that may call back into JavaScript (ALPN, SNI): they must not use V8's fast path.
 */
const callsBack = { callback: true } as const;

const sslSymbols = {
  TLS_server_method: { parameters: [], result: "pointer" },
  TLS_client_method: { parameters: [], result: "pointer" },
  SSL_CTX_new: { parameters: ["pointer"], result: "pointer" },
  SSL_CTX_free: { parameters: ["pointer"], result: "void" },
  SSL_CTX_ctrl: { parameters: ["pointer", "i32", "u32", "buffer"], result: "i32" },
  SSL_CTX_callback_ctrl: { parameters: ["pointer", "i32", "pointer"], result: "i32" },
  SSL_CTX_set_options: { parameters: ["pointer", "u32"], result: "u32" },
  SSL_CTX_use_certificate_chain_file: { parameters: ["pointer", "buffer"], result: "i32" },
  SSL_CTX_use_PrivateKey_file: { parameters: ["pointer", "buffer", "i32"], result: "i32" },
  SSL_CTX_check_private_key: { parameters: ["pointer"], result: "i32" },
  SSL_CTX_get0_certificate: { parameters: ["pointer"], result: "pointer" },
  SSL_CTX_set_cipher_list: { parameters: ["pointer", "buffer"], result: "i32" },
  SSL_CTX_set_ciphersuites: { parameters: ["pointer", "buffer"], result: "i32" },
  SSL_CTX_set_verify: { parameters: ["pointer", "i32", "pointer"], result: "void" },
  SSL_CTX_load_verify_locations: { parameters: ["pointer", "buffer", "buffer"], result: "i32" },
  SSL_CTX_set_default_verify_paths: { parameters: ["pointer"], result: "i32" },
  SSL_CTX_set_client_CA_list: { parameters: ["pointer", "pointer"], result: "void" },
  SSL_load_client_CA_file: { parameters: ["buffer"], result: "pointer" },
  SSL_CTX_set_session_id_context: { parameters: ["pointer", "buffer", "u32"], result: "i32" },
  SSL_CTX_set_timeout: { parameters: ["pointer", "i32"], result: "i32" },
  SSL_CTX_set_num_tickets: { parameters: ["pointer", "u32"], result: "i32" },
  SSL_CTX_set_tlsext_ticket_key_evp_cb: { parameters: ["pointer", "function"], result: "i32" },
  SSL_CTX_set_alpn_select_cb: { parameters: ["pointer", "function", "pointer"], result: "void" },
  SSL_CTX_set_alpn_protos: { parameters: ["pointer", "buffer", "u32"], result: "i32" },
  SSL_CTX_set_keylog_callback: { parameters: ["pointer", "function"], result: "void" },
  SSL_get0_alpn_selected: { parameters: ["pointer", "buffer", "buffer"], result: "void" },
  SSL_get_pending_cipher: { parameters: ["pointer"], result: "pointer" },
  SSL_new: { parameters: ["pointer"], result: "pointer" },
  SSL_free: { parameters: ["pointer"], result: "void" },
  SSL_use_certificate_file: { parameters: ["pointer", "buffer", "i32"], result: "i32" },
  SSL_use_PrivateKey_file: { parameters: ["pointer", "buffer", "i32"], result: "i32" },
  SSL_set_bio: { parameters: ["pointer", "pointer", "pointer"], result: "void" },
  SSL_set_accept_state: { parameters: ["pointer"], result: "void" },
  SSL_set_connect_state: { parameters: ["pointer"], result: "void" },
  SSL_set_SSL_CTX: { parameters: ["pointer", "pointer"], result: "pointer" },
  SSL_set_verify: { parameters: ["pointer", "i32", "pointer"], result: "void" },
  SSL_set1_host: { parameters: ["pointer", "buffer"], result: "i32" },
  SSL_ctrl: { parameters: ["pointer", "i32", "u32", "buffer"], result: "i32" },
  /** SSL_ctrl with a pointer that the library keeps. */
  SSL_set_status_response: {
    name: "SSL_ctrl",
    parameters: ["pointer", "i32", "u32", "pointer"],
    result: "i32",
  },
  SSL_get_servername: { parameters: ["pointer", "i32"], result: "pointer" },
  SSL_do_handshake: { parameters: ["pointer"], result: "i32", ...callsBack },
  SSL_read: { parameters: ["pointer", "buffer", "i32"], result: "i32" },
  SSL_write: { parameters: ["pointer", "buffer", "i32"], result: "i32" },
  SSL_shutdown: { parameters: ["pointer"], result: "i32" },
  SSL_get_key_update_type: { parameters: ["pointer"], result: "i32" },
  SSL_get_error: { parameters: ["pointer", "i32"], result: "i32" },
  SSL_get_verify_result: { parameters: ["pointer"], result: "i32" },
  SSL_version: { parameters: ["pointer"], result: "i32" },
  SSL_get_version: { parameters: ["pointer"], result: "pointer" },
  SSL_get_current_cipher: { parameters: ["pointer"], result: "pointer" },
  SSL_CIPHER_get_name: { parameters: ["pointer"], result: "pointer" },
  SSL_CIPHER_get_id: { parameters: ["pointer"], result: "u32" },
  SSL_CIPHER_get_bits: { parameters: ["pointer", "pointer"], result: "i32" },
  SSL_CIPHER_get_cipher_nid: { parameters: ["pointer"], result: "i32" },
  SSL_CIPHER_get_handshake_digest: { parameters: ["pointer"], result: "pointer" },
  SSL_get_client_random: { parameters: ["pointer", "buffer", "u32"], result: "u32" },
  SSL_get_server_random: { parameters: ["pointer", "buffer", "u32"], result: "u32" },
  SSL_session_reused: { parameters: ["pointer"], result: "i32" },
  SSL_get1_session: { parameters: ["pointer"], result: "pointer" },
  SSL_set_session: { parameters: ["pointer", "pointer"], result: "i32" },
  SSL_get_session: { parameters: ["pointer"], result: "pointer" },
  SSL_SESSION_get_id: { parameters: ["pointer", "buffer"], result: "pointer" },
  SSL_SESSION_get_master_key: { parameters: ["pointer", "buffer", "u32"], result: "u32" },
  SSL_SESSION_get_max_fragment_length: { parameters: ["pointer"], result: "u8" },
  SSL_SESSION_free: { parameters: ["pointer"], result: "void" },
} as const;

const cryptoSymbols = {
  /**
   * memcpy(3), which the loader finds through this library: an ArrayBuffer over foreign memory costs
   * more than a microsecond, and as much again when it is collected.
   */
  copyFrom: { name: "memcpy", parameters: ["buffer", "pointer", "u32"], result: "void" },
  copyTo: { name: "memcpy", parameters: ["pointer", "buffer", "u32"], result: "void" },
  CRYPTO_malloc: { parameters: ["u32", "pointer", "i32"], result: "pointer" },
  BIO_s_mem: { parameters: [], result: "pointer" },
  BIO_new: { parameters: ["pointer"], result: "pointer" },
  BIO_new_mem_buf: { parameters: ["pointer", "i32"], result: "pointer" },
  BIO_up_ref: { parameters: ["pointer"], result: "i32" },
  BIO_ctrl: { parameters: ["pointer", "i32", "i32", "pointer"], result: "i32" },
  /** BIO_ctrl with a place for the result. */
  BIO_get_mem_ptr: {
    name: "BIO_ctrl",
    parameters: ["pointer", "i32", "i32", "buffer"],
    result: "i32",
  },
  BUF_MEM_new: { parameters: [], result: "pointer" },
  BIO_new_file: { parameters: ["buffer", "buffer"], result: "pointer" },
  BIO_free: { parameters: ["pointer"], result: "i32" },
  BIO_read: { parameters: ["pointer", "buffer", "i32"], result: "i32" },
  BIO_write: { parameters: ["pointer", "buffer", "i32"], result: "i32" },
  BIO_ctrl_pending: { parameters: ["pointer"], result: "u32" },
  OpenSSL_version: { parameters: ["i32"], result: "pointer" },
  ERR_get_error: { parameters: [], result: "u32" },
  ERR_clear_error: { parameters: [], result: "void" },
  ERR_reason_error_string: { parameters: ["u32"], result: "pointer" },
  X509_verify_cert_error_string: { parameters: ["i32"], result: "pointer" },
  X509_new: { parameters: [], result: "pointer" },
  X509_free: { parameters: ["pointer"], result: "void" },
  X509_set_version: { parameters: ["pointer", "i32"], result: "i32" },
  X509_get_serialNumber: { parameters: ["pointer"], result: "pointer" },
  BN_bin2bn: { parameters: ["buffer", "i32", "pointer"], result: "pointer" },
  BN_free: { parameters: ["pointer"], result: "void" },
  BN_to_ASN1_INTEGER: { parameters: ["pointer", "pointer"], result: "pointer" },
  X509_getm_notBefore: { parameters: ["pointer"], result: "pointer" },
  X509_getm_notAfter: { parameters: ["pointer"], result: "pointer" },
  X509_get0_notAfter: { parameters: ["pointer"], result: "pointer" },
  X509_cmp_time: { parameters: ["pointer", "pointer"], result: "i32" },
  X509_gmtime_adj: { parameters: ["pointer", "i32"], result: "pointer" },
  X509_set_pubkey: { parameters: ["pointer", "pointer"], result: "i32" },
  X509_get_subject_name: { parameters: ["pointer"], result: "pointer" },
  X509_set_issuer_name: { parameters: ["pointer", "pointer"], result: "i32" },
  X509_NAME_add_entry_by_txt: {
    parameters: ["pointer", "buffer", "i32", "buffer", "i32", "i32", "i32"],
    result: "i32",
  },
  X509V3_EXT_conf_nid: { parameters: ["pointer", "pointer", "i32", "buffer"], result: "pointer" },
  X509_add_ext: { parameters: ["pointer", "pointer", "i32"], result: "i32" },
  X509_EXTENSION_free: { parameters: ["pointer"], result: "void" },
  X509_sign: { parameters: ["pointer", "pointer", "pointer"], result: "i32" },
  HMAC: {
    parameters: ["pointer", "buffer", "i32", "buffer", "u32", "buffer", "pointer"],
    result: "pointer",
  },
  EVP_get_cipherbyname: { parameters: ["buffer"], result: "pointer" },
  EVP_EncryptInit_ex: {
    parameters: ["pointer", "pointer", "pointer", "buffer", "pointer"],
    result: "i32",
  },
  EVP_DecryptInit_ex: {
    parameters: ["pointer", "pointer", "pointer", "buffer", "pointer"],
    result: "i32",
  },
  EVP_MAC_init: { parameters: ["pointer", "buffer", "u32", "buffer"], result: "i32" },
  EVP_MD_get_size: { parameters: ["pointer"], result: "i32" },
  EVP_sha256: { parameters: [], result: "pointer" },
  EVP_PKEY_CTX_new_id: { parameters: ["i32", "pointer"], result: "pointer" },
  EVP_PKEY_CTX_free: { parameters: ["pointer"], result: "void" },
  EVP_PKEY_keygen_init: { parameters: ["pointer"], result: "i32" },
  EVP_PKEY_CTX_set_ec_paramgen_curve_nid: { parameters: ["pointer", "i32"], result: "i32" },
  EVP_PKEY_keygen: { parameters: ["pointer", "buffer"], result: "i32" },
  EVP_PKEY_free: { parameters: ["pointer"], result: "void" },
  PEM_write_bio_X509: { parameters: ["pointer", "pointer"], result: "i32" },
  PEM_write_bio_PrivateKey: {
    parameters: ["pointer", "pointer", "pointer", "pointer", "i32", "pointer", "pointer"],
    result: "i32",
  },
} as const;

/** File names in distributions; a bare name is resolved by the dynamic loader. */
export const libraryNames = {
  ssl: ["libssl.so.3", "/usr/lib/libssl.so.3", "/lib/libssl.so.3"],
  crypto: ["libcrypto.so.3", "/usr/lib/libcrypto.so.3", "/lib/libcrypto.so.3"],
};

/** The first of `names` that has all symbols. Throws `StartError`. */
export function openFirst<S extends Deno.ForeignLibraryInterface>(
  names: readonly string[],
  symbols: S,
) {
  let failure: unknown = null;
  for (const name of names) {
    try {
      return Deno.dlopen(name, symbols).symbols;
    } catch (error) {
      failure ??= error;
    }
  }
  throw new StartError(
    `TLS needs OpenSSL 3 and ${names[0]} was not found: install the package libssl3 or openssl`,
    1,
    { cause: failure },
  );
}

function open() {
  // libcrypto first, so that both come from the same directory.
  const crypto = openFirst(libraryNames.crypto, cryptoSymbols);
  return { ...openFirst(libraryNames.ssl, sslSymbols), ...crypto };
}

let opened: ReturnType<typeof open> | null = null;

/** The library, loaded on first use. Throws `StartError` if it is not installed. */
export function libssl(): ReturnType<typeof open> {
  opened ??= open();
  return opened;
}

/** A C string for a `buffer` parameter. */
export function cString(text: string): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(text + "\0");
}

/** The text that a `char *` points to; "" for NULL. */
export function textAt(pointer: Deno.PointerValue): string {
  return pointer === null ? "" : Deno.UnsafePointerView.getCString(pointer);
}
