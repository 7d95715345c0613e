/** Numbers of ssl.h, the same in every OpenSSL 3. */

/** SSL_ctrl commands and the values for them. */
export const sslModes = {
  /** SSL_CTRL_MODE. */
  command: 33,
  /**
   * ENABLE_PARTIAL_WRITE, ACCEPT_MOVING_WRITE_BUFFER, and RELEASE_BUFFERS: an idle connection gives
   * 34 KB back.
   */
  value: 0x1 | 0x2 | 0x10,
} as const;

export const Ctrl = {
  setTicketKeys: 59,
  setServername: 55,
  setServernameCallback: 53,
  setStatusCallback: 63,
  setStatusResponse: 71,
  setMinVersion: 123,
  setMaxVersion: 124,
} as const;

/** Protocol versions by the names that h2o.conf and nginx use. */
export const versions: Record<string, number> = {
  "TLSv1": 0x301,
  "TLSv1.1": 0x302,
  "TLSv1.2": 0x303,
  "TLSv1.3": 0x304,
};

export const Option = {
  /** The server's order of cipher suites wins. */
  cipherServerPreference: 0x400000,
  noRenegotiation: 0x40000000,
  noCompression: 0x20000,
  /** A client that closes without close_notify, as most do, is an end and no error. */
  ignoreUnexpectedEof: 0x80,
} as const;

export const Verify = { none: 0, peer: 1, failIfNoPeerCert: 2 } as const;
export const fileTypePem = 1;
/** What SSL_CTX_set_alpn_select_cb's callback returns. */
export const Alpn = { ok: 0, noAck: 3 } as const;
