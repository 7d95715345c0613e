/** Reads facts from the host itself. */
import { type KeyType, keyTypes, makeKey } from "../acme/der/key.ts";
import { toPem } from "../acme/der/pem.ts";
import { selfSigned } from "../acme/der/request.ts";
import { pairFault } from "../acme/store/pair_fault.ts";
import { openMemoryFile } from "../sys/memory_file.ts";
import { readAbilities } from "../tls/abilities.ts";
import { opensslVersion } from "../tls/groups.ts";
import { opensslFault } from "../tls/openssl_fault.ts";
import type { OpensslFacts } from "./facts.ts";
import { supportEndOf } from "./openssl_support.ts";
import type { FactSources } from "./read_facts.ts";

export const host: FactSources = {
  readText(path) {
    try {
      return Deno.readTextFileSync(path);
    } catch {
      // Missing, forbidden, or a disabled controller (ENODEV, EOPNOTSUPP): the fact is unknown.
      return null;
    }
  },
  async openssl(): Promise<OpensslFacts | null> {
    if (opensslFault() !== null) return null;
    const version = opensslVersion();
    const supportEnd = supportEndOf(version);
    const today = new Date().toISOString().slice(0, 10);
    const usable = await Promise.all(keyTypes.map(isUsable));
    return {
      version,
      supportEnd,
      isSupported: supportEnd === null || today <= supportEnd,
      ...readAbilities(),
      keyTypes: keyTypes.filter((_, index) => usable[index]),
    };
  },
};

/** Whether the library takes a certificate and a key of this type, which we have made. */
async function isUsable(type: KeyType): Promise<boolean> {
  const file = openMemoryFile("probe.pem");
  // Without /proc nothing can be tried, and TLS needs it as little.
  if (file === null) return true;
  const key = await makeKey(type);
  const certificate = await selfSigned("hayate.example", key, Date.now());
  Deno.writeTextFileSync(
    file.path,
    toPem("CERTIFICATE", certificate) + toPem("PRIVATE KEY", key.pkcs8),
  );
  const fault = pairFault(file.path);
  file.close();
  return fault === null;
}
