/** `acme` of h2o.conf, and the variables of the appliance. */
import type { KeyType } from "../der/key.ts";

export interface AcmeSettings {
  /** URL of the server's directory. */
  readonly directory: string;
  /** PEM file of CAs to trust for the server's own certificate; null: the usual ones. */
  readonly caFile: string | null;
  readonly email: string | null;
  readonly eab: { readonly kid: string; readonly key: string } | null;
  readonly profile: string | null;
  readonly keyType: KeyType;
  /** Ports of ours that the CA reaches as its 80 (HTTP-01) and 443 (TLS-ALPN-01). */
  readonly httpPort: number;
  readonly tlsPort: number;
  /** The state folder; `memory`: one that ends with the process. */
  readonly state: string;
}

export const letsEncrypt = "https://acme-v02.api.letsencrypt.org/directory";
export const stateDefault = "/var/lib/hayate/acme";
export const stateInMemory = "memory";

export const acmeDefaults: AcmeSettings = {
  directory: letsEncrypt,
  caFile: null,
  email: null,
  eab: null,
  profile: null,
  keyType: "p256",
  httpPort: 80,
  tlsPort: 443,
  state: stateDefault,
};
