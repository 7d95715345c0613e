/** Constants of ssl.h, the same in every OpenSSL 3. */

/**
 * Value of `Ctrl.setMode`: ENABLE_PARTIAL_WRITE, ACCEPT_MOVING_WRITE_BUFFER, and RELEASE_BUFFERS, which
 * saves 34 KB per idle connection.
 */
export const sslModes = 0x1 | 0x2 | 0x10;

/**
 * NO_AUTO_CHAIN, for servers: a chain is sent as the certificate's file has it, as by nginx. Otherwise
 * OpenSSL looks for the issuer of a lone certificate in each full handshake, also among the CAs of client
 * certificates: 4 us.
 */
export const noAutoChain = 0x8;

/** SSL_CTX_ctrl(3) and SSL_ctrl commands. */
export const Ctrl = {
  setMode: 33,
  setSessionCacheMode: 44,
  setTicketKeys: 59,
  setServername: 55,
  setServernameCallback: 53,
  setStatusCallback: 63,
  setStatusResponse: 71,
  setGroupsList: 92,
  setMinVersion: 123,
  setMaxVersion: 124,
  getMaxVersion: 131,
} as const;

/** BIO_ctrl(3) commands. */
export const BioCtrl = { setMemory: 114, getMemory: 115, setMemoryEofReturn: 130 } as const;

/** Protocol versions by their names in h2o.conf and nginx. */
export const versions: Record<string, number> = {
  "TLSv1": 0x301,
  "TLSv1.1": 0x302,
  "TLSv1.2": 0x303,
  "TLSv1.3": 0x304,
};

export const Option = {
  noTicket: 0x4000,
  /** The server's order of cipher suites takes precedence. */
  cipherServerPreference: 0x400000,
  noRenegotiation: 0x40000000,
  noCompression: 0x20000,
  /** A close without close_notify, as by most clients, is an end of stream, not an error. */
  ignoreUnexpectedEof: 0x80,
} as const;

/** Values of `Ctrl.setSessionCacheMode`. */
export const SessionCache = { off: 0, server: 2 } as const;

export const Verify = { none: 0, peer: 1, failIfNoPeerCert: 2 } as const;
export const fileTypePem = 1;
/** Return values of the callback of SSL_CTX_set_alpn_select_cb(3). */
export const Alpn = { ok: 0, fatal: 2, noAck: 3 } as const;
