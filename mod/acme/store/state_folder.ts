/**
 * The folder with accounts, certificates, agendas and pending challenges. Several processes and
 * hosts may share it: files are replaced as a whole by a rename, and checked when they are read.
 */
import { removeIfThere } from "../../process/files/if_there.ts";
import { systemReason } from "../../base/errors.ts";
import {
  amount,
  count,
  matching,
  nullable,
  readShaped,
  record,
  type Shape,
  text,
} from "../../base/shape.ts";
import { type Agenda, newAgenda } from "../core/agenda.ts";
import { type CertificateFacts, readCertificate } from "../der/certificate.ts";
import { fromPem } from "../der/pem.ts";
import { pairFault } from "./pair_fault.ts";
import { readText } from "./read_text.ts";

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

/** What a state folder holds, besides its lock. */
export const stateFolders = ["accounts", "certificates", "challenges", "names"] as const;
const token = /^[A-Za-z0-9_-]{1,256}$/;
/** Token and thumbprint, a SHA-256 in base64url (RFC 8555 8.1). */
const authorizationForm = /^([A-Za-z0-9_-]{1,256})\.[A-Za-z0-9_-]{43}$/;

/** The certificate of a name with its chain and key. */
export function certificatePath(folder: string, name: string): string {
  return `${folder}/certificates/${name}.pem`;
}

/** The folder of pending challenges of a state folder. */
export function challengeFolderOf(folder: string): string {
  return `${folder}/challenges`;
}

/**
 * The key authorization of a pending HTTP-01 challenge in a folder of challenges; null for a token
 * that is not ours.
 */
export function readToken(challengeFolder: string, text: string): string | null {
  if (!token.test(text)) return null;
  const found = readText(`${challengeFolder}/${text}.token`);
  // Any client may request it, so only the answer to this token is sent.
  return found !== null && authorizationForm.exec(found)?.[1] === text ? found : null;
}

export class StateFolder {
  constructor(readonly path: string) {}

  /** Creates what is missing. Returns why it cannot be written to, or null. */
  prepare(): string | null {
    try {
      Deno.mkdirSync(this.path, { recursive: true, mode: 0o700 });
      for (const name of stateFolders) {
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

  /** Replaces the certificate of a name, unless OpenSSL refuses it: returns why, or null. */
  writeCertificate(name: string, pem: string): string | null {
    return this.#write(`certificates/${name}.pem`, pem, pairFault);
  }

  /** All names with a certificate, sorted. */
  names(): readonly string[] {
    const files = [...Deno.readDirSync(`${this.path}/certificates`)].map(({ name }) => name);
    return files.filter((file) => file.endsWith(".pem")).map((file) => file.slice(0, -4)).sort();
  }

  /** The agenda of a name at whatever directory it was; null: none has been written. */
  findName(name: string): StoredName | null {
    return readStored<StoredName>(`${this.path}/names/${name}.json`, nameShape);
  }

  /** The agenda of a name at `directory`; a new one after a change of the directory. */
  readName(name: string, directory: string): StoredName {
    const found = this.findName(name);
    return found?.directory === directory ? found : { ...newAgenda, directory };
  }

  writeName(name: string, stored: StoredName): void {
    this.#write(`names/${name}.json`, JSON.stringify(stored));
  }

  async readAccount(directory: string): Promise<StoredAccount | null> {
    const path = `${this.path}/${await accountFile(directory)}`;
    const found = readStored<StoredAccount>(path, accountShape);
    return found?.directory === directory ? found : null;
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
    removeIfThere(`${this.path}/challenges/${name}.pem`);
  }

  /** Removes what an order has left that was cut off. The caller has the lock. */
  clearChallenges(): void {
    for (const { name } of Deno.readDirSync(`${this.path}/challenges`)) {
      removeIfThere(`${this.path}/challenges/${name}`);
    }
  }

  /**
   * Writes aside and renames, so that readers find the old content or the new one. `faultOf`: what is
   * wrong with the new file, which is not used then. Returns it; null: the content is in place.
   */
  #write(
    name: string,
    text: string,
    faultOf: (path: string) => string | null = () => null,
  ): string | null {
    const path = `${this.path}/${name}`;
    const aside = `${path}.${crypto.randomUUID().slice(0, 8)}.new`;
    Deno.writeTextFileSync(aside, text, { mode: 0o600 });
    const fault = faultOf(aside);
    if (fault === null) Deno.renameSync(aside, path);
    else Deno.removeSync(aside);
    return fault;
  }
}

async function accountFile(directory: string): Promise<string> {
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(directory));
  return `accounts/${new Uint8Array(digest).toHex().slice(0, 16)}.json`;
}

const url = matching("a URL", (value) => typeof value === "string" && URL.canParse(value));
const moments = matching(
  "a list of two moments, the earlier one first",
  (value) =>
    Array.isArray(value) && value.length === 2 && value.every(Number.isFinite) &&
    value[0] <= value[1],
);

const nameShape: Shape = record<StoredName>({
  directory: text,
  failures: count,
  retryAtMs: amount,
  lastError: text,
  renewAtMs: amount,
  window: nullable(moments),
  pollAtMs: amount,
});

/** The key itself is checked when it is imported. */
const accountShape: Shape = record<StoredAccount>({
  directory: text,
  jwk: record<object>({}),
  url: nullable(url),
});

/** A damaged file counts as missing: what it held is found out again. */
function readStored<T>(path: string, shape: Shape): T | null {
  const found = readText(path);
  const read = found === null ? null : readShaped<T>(found, shape, "the file");
  return read === null || typeof read === "string" ? null : read.value;
}
