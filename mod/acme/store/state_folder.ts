/**
 * The folder with accounts, certificates, agendas and pending challenges. Several processes and
 * hosts may share it: files are replaced as a whole by a rename, and checked when they are read.
 */
import { removeIfThere } from "../../process/files/pid_file.ts";
import { systemReason } from "../../base/errors.ts";
import { type Agenda, newAgenda } from "../core/agenda.ts";
import { type CertificateFacts, readCertificate } from "../der/certificate.ts";
import { fromPem } from "../der/pem.ts";

/** What is known of the account at one directory. */
export interface StoredAccount {
  readonly directory: string;
  readonly jwk: JsonWebKey;
  /** null: the server does not know it yet. */
  readonly url: string | null;
}

/** What is known of one name. */
export interface StoredName extends Agenda {
  readonly directory: string;
}

const folders = ["accounts", "certificates", "challenges", "names"] as const;
const token = /^[A-Za-z0-9_-]{1,256}$/;

/** The certificate of a name with its chain and key. */
export function certificatePath(folder: string, name: string): string {
  return `${folder}/certificates/${name}.pem`;
}

/** Certificate and key that answer a TLS-ALPN-01 challenge. */
export function alpnPath(folder: string, name: string): string {
  return `${folder}/challenges/${name}.pem`;
}

/** The key authorization of a pending HTTP-01 challenge; null for a token that is not ours. */
export function readToken(folder: string, text: string): string | null {
  if (!token.test(text)) return null;
  return readText(`${folder}/challenges/${text}.token`);
}

export class StateFolder {
  constructor(readonly path: string) {}

  /** Creates what is missing. Returns why it cannot be written to, or null. */
  prepare(): string | null {
    try {
      Deno.mkdirSync(this.path, { recursive: true, mode: 0o700 });
      for (const name of folders) {
        Deno.mkdirSync(`${this.path}/${name}`, { recursive: true, mode: 0o700 });
      }
      this.#write("probe", "");
      Deno.removeSync(`${this.path}/probe`);
      return null;
    } catch (error) {
      return systemReason(error);
    }
  }

  /** Facts of the certificate in use; null: none, or a damaged one. */
  readCertificate(name: string): CertificateFacts | null {
    const text = readText(certificatePath(this.path, name));
    const [leaf] = text === null ? [] : fromPem("CERTIFICATE", text) ?? [];
    const keys = text === null ? null : fromPem("PRIVATE KEY", text);
    return leaf === undefined || keys?.length !== 1 ? null : readCertificate(leaf);
  }

  writeCertificate(name: string, pem: string): void {
    this.#write(`certificates/${name}.pem`, pem);
  }

  /** All names with a certificate, sorted. */
  names(): readonly string[] {
    const files = [...Deno.readDirSync(`${this.path}/certificates`)].map(({ name }) => name);
    return files.filter((file) => file.endsWith(".pem")).map((file) => file.slice(0, -4)).sort();
  }

  /** The agenda of a name at whatever directory it was; null: none has been written. */
  findName(name: string): StoredName | null {
    const found = readJson(`${this.path}/names/${name}.json`);
    return isName(found) ? found : null;
  }

  /** The agenda of a name at `directory`; a new one after a change of the directory. */
  readName(name: string, directory: string): StoredName {
    const found = readJson(`${this.path}/names/${name}.json`);
    return isName(found) && found.directory === directory ? found : { ...newAgenda, directory };
  }

  writeName(name: string, stored: StoredName): void {
    this.#write(`names/${name}.json`, JSON.stringify(stored));
  }

  async readAccount(directory: string): Promise<StoredAccount | null> {
    const found = readJson(`${this.path}/${await accountFile(directory)}`);
    return isAccount(found) && found.directory === directory ? found : null;
  }

  async writeAccount(account: StoredAccount): Promise<void> {
    this.#write(await accountFile(account.directory), JSON.stringify(account));
  }

  offerToken(text: string, authorization: string): void {
    this.#write(`challenges/${text}.token`, authorization);
  }

  withdrawToken(text: string): void {
    removeIfThere(`${this.path}/challenges/${text}.token`);
  }

  offerAlpn(name: string, pem: string): void {
    this.#write(`challenges/${name}.pem`, pem);
  }

  withdrawAlpn(name: string): void {
    removeIfThere(alpnPath(this.path, name));
  }

  /** Writes aside and renames, so that readers find the old content or the new one. */
  #write(name: string, text: string): void {
    const path = `${this.path}/${name}`;
    const aside = `${path}.${crypto.randomUUID().slice(0, 8)}.new`;
    Deno.writeTextFileSync(aside, text, { mode: 0o600 });
    Deno.renameSync(aside, path);
  }
}

async function accountFile(directory: string): Promise<string> {
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(directory));
  return `accounts/${new Uint8Array(digest).toHex().slice(0, 16)}.json`;
}

function isName(value: unknown): value is StoredName {
  const found = value as StoredName | null;
  const numbers = [found?.failures, found?.retryAtMs, found?.renewAtMs, found?.pollAtMs];
  const { window } = found ?? { window: null };
  return numbers.every(Number.isFinite) && typeof found?.lastError === "string" &&
    typeof found.directory === "string" &&
    (window === null || Array.isArray(window) && window.length === 2);
}

function isAccount(value: unknown): value is StoredAccount {
  const found = value as StoredAccount | null;
  return typeof found?.directory === "string" && typeof found.jwk === "object" &&
    (found.url === null || typeof found.url === "string");
}

function readJson(path: string): unknown {
  const text = readText(path);
  try {
    return text === null ? null : JSON.parse(text);
  } catch {
    // A damaged file counts as missing: what it held is found out again.
    return null;
  }
}

function readText(path: string): string | null {
  try {
    return Deno.readTextFileSync(path);
  } catch {
    // Missing or not readable: there is nothing to use either way.
    return null;
  }
}
