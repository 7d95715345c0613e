/** Responses made by `openssl ocsp -respout ... -ndays 1 -resp_no_certs`, on 2026-11-30. */
import { assertEquals, assertStringIncludes } from "@std/assert";
import { libssl } from "../../../mod/sys/libssl.ts";
import { libsslOcsp } from "../../../mod/sys/libssl_ocsp.ts";
import { readOcspTimes } from "../../../mod/tls/ocsp_response.ts";
import { OcspStapler } from "../../../mod/tls/ocsp_stapler.ts";

// Loaded here, so that libraries that stay open do not count as a leak of a single test.
libssl();
libsslOcsp();

const ofOneDay = Uint8Array.fromBase64(
  "MIIBIwoBAKCCARwwggEYBgkrBgEFBQcwAQEEggEJMIIBBTCBraEPMA0xCzAJBgNVBAMMAmNhGA8yMDI2MTEzMDE4" +
    "MzA1M1owZDBiMDowCQYFKw4DAhoFAAQUEQSM0gyzWSMH0Bn9CIlWK2LTZJIEFMU3mdLnBOF024snW2VNpbbu4wsH" +
    "AgEHgAAYDzIwMjYxMTMwMTgzMDUzWqARGA8yMDI2MTIwMTE4MzA1M1qhIzAhMB8GCSsGAQUFBzABAgQSBBCgQcmg" +
    "egNhgsC8chl5fqwlMAoGCCqGSM49BAMCA0cAMEQCIDAndPtMW+0IYB1iB9l8d5ECPr1ZrmyU2aZ1Yg199M8OAiBh" +
    "SvrVlFXaU0V5KqQFpwlyNkr3cjaF1HbPtKVFpUQR+g==",
);
const withoutEnd = Uint8Array.fromBase64(
  "MIIBDwoBAKCCAQgwggEEBgkrBgEFBQcwAQEEgfYwgfMwgZqhDzANMQswCQYDVQQDDAJjYRgPMjAyNjExMzAxODMw" +
    "NTNaMFEwTzA6MAkGBSsOAwIaBQAEFBEEjNIMs1kjB9AZ/QiJViti02SSBBTFN5nS5wThdNuLJ1tlTaW27uMLBwIB" +
    "B4AAGA8yMDI2MTEzMDE4MzA1M1qhIzAhMB8GCSsGAQUFBzABAgQSBBCgQcmgegNhgsC8chl5fqwlMAoGCCqGSM49" +
    "BAMCA0gAMEUCIQDs0LSrQSlVJk3JNl0u3y5BfdjSPfumwwoGVrInSAlTIwIgT3uvUu4uYh5HPQHkeNdce0zt2OlR" +
    "EavEZ2tT12kErbE=",
);
/** OCSPResponse { responseStatus tryLater (3) }, RFC 6960 4.2.1. */
const tryLater = Uint8Array.of(0x30, 0x03, 0x0a, 0x01, 0x03);

const from = Date.UTC(2026, 10, 30, 18, 30, 53);
const until = Date.UTC(2026, 11, 1, 18, 30, 53);

/** OpenSSL tells times as distances from now, in whole seconds. */
function rounded(der: Uint8Array<ArrayBuffer>): unknown {
  const times = readOcspTimes(der, Math.floor(Date.now() / 1000) * 1000);
  return typeof times === "string" ? times : [times.fromMs, times.untilMs];
}

Deno.test("the times of a response are thisUpdate and nextUpdate, which may be missing", () => {
  assertEquals(rounded(ofOneDay), [from, until]);
  assertEquals(rounded(withoutEnd), [from, Infinity]);
});

Deno.test("what is no answer is named", () => {
  assertEquals(rounded(tryLater), "the OCSP responder answered trylater");
  const damaged = "not an OCSP response in DER";
  assertEquals(rounded(ofOneDay.slice(0, 100)), damaged);
  assertEquals(rounded(new TextEncoder().encode("no response")), damaged);
  assertEquals(rounded(new Uint8Array(0)), damaged);
});

Deno.test("a response that does not hold is told of once, and again after it did", () => {
  const file = Deno.makeTempFileSync();
  Deno.writeFileSync(file, ofOneDay);
  const stapler = new OcspStapler(file);
  const day = 86_400_000;
  const rows: readonly (readonly [nowMs: number, line: string | null])[] = [
    [from - day, "begins only at 2026-11-30T18:30:5"],
    [from - day, null],
    // Clocks differ.
    [from - 200_000, null],
    [until - 2000, null],
    [until + 2000, "ended at 2026-12-01T18:30:5"],
    [until + day, null],
    [from, null],
    [until + day, "it is not stapled until the file is replaced"],
  ];
  for (const [nowMs, line] of rows) {
    const fault = stapler.takeFault(nowMs);
    if (line === null) assertEquals(fault, null);
    else assertStringIncludes(fault ?? "", line);
  }
  stapler.close();
  Deno.removeSync(file);
});
