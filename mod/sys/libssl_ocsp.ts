/** OpenSSL's reader of OCSP responses, which a library may be built without (`no-ocsp`). */
import { StartError } from "../base/errors.ts";
import { libraryNames, openFirst } from "./libssl.ts";

const symbols = {
  d2i_OCSP_RESPONSE: { parameters: ["pointer", "buffer", "i32"], result: "pointer" },
  OCSP_RESPONSE_free: { parameters: ["pointer"], result: "void" },
  OCSP_response_status: { parameters: ["pointer"], result: "i32" },
  OCSP_response_status_str: { parameters: ["i32"], result: "pointer" },
  OCSP_response_get1_basic: { parameters: ["pointer"], result: "pointer" },
  OCSP_BASICRESP_free: { parameters: ["pointer"], result: "void" },
  OCSP_resp_count: { parameters: ["pointer"], result: "i32" },
  OCSP_resp_get0: { parameters: ["pointer", "i32"], result: "pointer" },
  OCSP_single_get0_status: {
    parameters: ["pointer", "pointer", "pointer", "buffer", "buffer"],
    result: "i32",
  },
  ASN1_TIME_diff: { parameters: ["buffer", "buffer", "pointer", "pointer"], result: "i32" },
} as const;

function open() {
  try {
    return openFirst(libraryNames.crypto, symbols);
  } catch (error) {
    if (!(error instanceof StartError)) throw error;
    return null;
  }
}

let opened: ReturnType<typeof open> | undefined;

/** The functions, loaded on first use; null: the library has none. */
export function libsslOcsp(): ReturnType<typeof open> {
  return opened ??= open();
}
