import { assert, assertEquals } from "@std/assert";
import { readCertificate, renewalId } from "../../../../mod/acme/der/certificate.ts";
import { keyTypes, makeKey } from "../../../../mod/acme/der/key.ts";
import { fromPem, toPem } from "../../../../mod/acme/der/pem.ts";
import { certificateRequest, selfSigned } from "../../../../mod/acme/der/request.ts";
import { objectId, time, unsigned } from "../../../../mod/acme/der/write.ts";
import { peerPath, peerTest } from "../../../support/peers.ts";

const nowMs = Date.UTC(2026, 5, 1);

async function openssl(args: readonly string[], input: string): Promise<string> {
  const child = new Deno.Command(peerPath("openssl"), {
    args: [...args],
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const writer = child.stdin.getWriter();
  await writer.write(new TextEncoder().encode(input));
  await writer.close();
  const { stdout, stderr } = await child.output();
  return new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr);
}

for (const type of keyTypes) {
  peerTest("openssl", `openssl accepts a request with a ${type} key`, async () => {
    const request = await certificateRequest(["a.example", "b.example"], await makeKey(type));
    const text = await openssl(
      ["req", "-verify", "-noout", "-text"],
      toPem("CERTIFICATE REQUEST", request),
    );
    assert(/verify OK/.test(text), text);
    assert(text.includes("DNS:a.example, DNS:b.example"), text);
  });

  Deno.test(`a self-signed ${type} certificate is read as it was made`, async () => {
    const key = await makeKey(type);
    const facts = readCertificate(await selfSigned("a.example", key, nowMs));
    assertEquals(facts?.names, ["a.example"]);
    assertEquals(facts?.issuer, "a.example");
    assertEquals(facts?.isSelfSigned, true);
    assertEquals(facts?.notBeforeMs, nowMs - 3_600_000);
    assertEquals(facts?.notAfterMs, nowMs + 397 * 86_400_000);
    assertEquals(facts?.spki.toHex(), key.spki.toHex());
  });
}

peerTest("openssl", "a challenge certificate carries a critical acmeIdentifier", async () => {
  const key = await makeKey("p256");
  const certificate = await selfSigned("a.example", key, nowMs, new Uint8Array(32));
  const text = await openssl(["x509", "-noout", "-text"], toPem("CERTIFICATE", certificate));
  assert(/1\.3\.6\.1\.5\.5\.7\.1\.31: critical|acmeIdentifier: critical/.test(text), text);
});

Deno.test("the identifier for ARI is that of the example in RFC 9773", () => {
  const facts = {
    notBeforeMs: 0,
    notAfterMs: 0,
    names: [],
    issuer: "",
    isSelfSigned: false,
    serial: Uint8Array.fromHex("0087654321"),
    authorityKey: Uint8Array.fromHex("69885b6b87464041e1b37b847bd0ae2cde01c8d4"),
    spki: new Uint8Array(0),
  };
  assertEquals(renewalId(facts), "aYhba4dGQEHhs3uEe9CuLN4ByNQ.AIdlQyE");
});

Deno.test("numbers, identifiers and times are written as DER wants them", () => {
  assertEquals(unsigned(Uint8Array.of(0, 0, 0x80)).toHex(), "02020080");
  assertEquals(objectId("1.2.840.10045.4.3.2").toHex(), "06082a8648ce3d040302");
  assertEquals(time(Date.UTC(2049, 11, 31, 23, 59, 59))[0], 0x17);
  assertEquals(time(Date.UTC(2050, 0, 1))[0], 0x18);
});

Deno.test("damaged certificates are no certificates", async () => {
  const whole = await selfSigned("a.example", await makeKey("p256"), nowMs);
  for (let length = 0; length < whole.length; length += 7) {
    assertEquals(readCertificate(whole.slice(0, length)), null);
  }
  // Any byte may be wrong: no exception, whatever is found.
  for (let at = 0; at < whole.length; at++) {
    const wrong = whole.slice();
    wrong[at] ^= 0xff;
    readCertificate(wrong);
  }
});

Deno.test("PEM blocks are read by their label, damaged ones not at all", () => {
  const text = toPem("A", Uint8Array.of(1)) + toPem("B", Uint8Array.of(2)) +
    toPem("A", Uint8Array.of(3));
  assertEquals(fromPem("A", text)?.map((bytes) => bytes[0]), [1, 3]);
  assertEquals(fromPem("C", text), []);
  assertEquals(fromPem("A", "-----BEGIN A-----\n!\n-----END A-----\n"), null);
});

Deno.test("a certificate with another structure is none", async () => {
  const der = await selfSigned("a.example", await makeKey("p256"), nowMs);
  const changed = (at: number, byte: number) => {
    const copy = der.slice();
    copy[at] = byte;
    return copy;
  };
  assert(readCertificate(der) !== null);
  const rows: readonly (readonly [what: string, Uint8Array])[] = [
    ["empty", new Uint8Array()],
    ["no sequence", changed(0, 0)],
    ["longer than it says", new Uint8Array([...der, 0])],
    ["shorter than it says", der.subarray(0, -1)],
    ["without a body", changed(4, 0x02)],
    ["without a version", changed(8, 0x02)],
    ["a serial number that is none", changed(13, 0x04)],
  ];
  for (const [what, bytes] of rows) assertEquals(readCertificate(bytes), null, what);
});
