import { assertEquals } from "@std/assert";
import { newAgenda } from "../../../../mod/acme/core/agenda.ts";
import { makeKey } from "../../../../mod/acme/der/key.ts";
import { toPem } from "../../../../mod/acme/der/pem.ts";
import { selfSigned } from "../../../../mod/acme/der/request.ts";
import {
  daysLeft,
  fileStatus,
  managedStatus,
  standInStatus,
} from "../../../../mod/acme/store/certificate_status.ts";
import { StateFolder } from "../../../../mod/acme/store/state_folder.ts";
import { libssl } from "../../../../mod/sys/libssl.ts";

// Loaded here, so that libraries that stay open do not count as a leak of a single test.
libssl();

const dayMs = 86_400_000;

async function withFolder(run: (folder: StateFolder) => Promise<void>): Promise<void> {
  const path = Deno.makeTempDirSync();
  try {
    const folder = new StateFolder(path);
    folder.prepare();
    await run(folder);
  } finally {
    Deno.removeSync(path, { recursive: true });
  }
}

async function pemOf(name: string): Promise<string> {
  const key = await makeKey("p256");
  const certificate = await selfSigned(name, key, Date.now());
  return toPem("CERTIFICATE", certificate) + toPem("PRIVATE KEY", key.pkcs8);
}

Deno.test("a managed name has its certificate, its next order and its last error", () =>
  withFolder(async (folder) => {
    folder.writeCertificate("a.example", await pemOf("a.example"));
    const stored = { ...newAgenda, directory: "https://ca/", lastError: "no", retryAtMs: 5 };
    folder.writeName("a.example", { ...stored, renewAtMs: 4 });
    const status = managedStatus(folder, "a.example");
    assertEquals(
      [status.names, status.isSelfSigned, status.nextMs, status.lastError],
      [["a.example"], true, 5, "no"],
    );
    const { notAfterMs } = status;
    assertEquals(daysLeft(status, notAfterMs! - 2 * dayMs), 2);
    assertEquals(daysLeft(status, notAfterMs! - 2 * dayMs + 1), 1);
    assertEquals(daysLeft(status, notAfterMs! + 1), -1);
  }));

Deno.test("what is missing or damaged is unreadable, under the name that was asked for", () =>
  withFolder(async (folder) => {
    const none = { issuer: null, isSelfSigned: false, notAfterMs: null };
    assertEquals(managedStatus(folder, "a.example"), {
      ...{ ...none, names: ["a.example"] },
      ...{ nextMs: 0, lastError: "", isManaged: true },
    });
    const file = `${folder.path}/site.crt`;
    const unreadable = {
      ...{ ...none, names: [file] },
      ...{ nextMs: null, lastError: "", isManaged: false },
    };
    assertEquals(fileStatus(file), unreadable);
    Deno.writeTextFileSync(file, "-----BEGIN CERTIFICATE-----\nAA\n-----END CERTIFICATE-----\n");
    assertEquals(fileStatus(file), unreadable);
    Deno.writeTextFileSync(file, await pemOf("b.example"));
    const status = fileStatus(file);
    assertEquals([status.names, status.nextMs, status.isSelfSigned], [["b.example"], null, true]);
  }));

Deno.test("a name whose certificate is not ordered says why, and when its stand-in ends", () =>
  withFolder(async (folder) => {
    folder.writeCertificate("a.example", await pemOf("a.example"));
    const file = `${folder.path}/certificates/a.example.pem`;
    for (const one of [managedStatus(folder, "a.example", "no"), standInStatus(file, "no")]) {
      const { names, isSelfSigned, nextMs, lastError, isManaged, notAfterMs } = one;
      assertEquals([names, isSelfSigned, nextMs, lastError, isManaged], [
        ["a.example"],
        true,
        null,
        "no",
        true,
      ]);
      assertEquals(notAfterMs! > Date.now(), true);
    }
  }));
