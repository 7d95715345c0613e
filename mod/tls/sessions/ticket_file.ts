/**
 * h2o's file of session ticket keys (ssl-session-resumption, ticket-store: file): a YAML sequence of
 * name, cipher, hash, key, not_before and not_after. Hosts with the same file resume each other's
 * sessions.
 */
import { StartError, systemReason } from "../../base/errors.ts";
import { readTextUpTo } from "../../process/privileges/parent_files.ts";
import { type ConfigNode, type MapNode, parseCount, Problems, readYaml } from "../../config/mod.ts";

/** One key of the file. Times are seconds since 1970. */
export interface TicketKey {
  /** 16 bytes that tickets begin with (RFC 5077 4). */
  readonly name: Uint8Array<ArrayBuffer>;
  /** As EVP_get_cipherbyname(3) takes it. */
  readonly cipher: string;
  readonly cipherKey: Uint8Array<ArrayBuffer>;
  /** As EVP_MD-common(7) names it. */
  readonly hash: string;
  readonly hashKey: Uint8Array<ArrayBuffer>;
  readonly notBefore: number;
  readonly notAfter: number;
}

export const ticketNameBytes = 16;

/** Key lengths of the ciphers that fit: in CBC mode, as a MAC follows the encryption. */
const cipherKeyBytes: Readonly<Record<string, number>> = {
  "AES-128-CBC": 16,
  "AES-192-CBC": 24,
  "AES-256-CBC": 32,
};

/** The MAC's key is one block of the hash long. */
const hashKeyBytes: Readonly<Record<string, number>> = {
  SHA1: 64,
  SHA256: 64,
  SHA384: 128,
  SHA512: 128,
};

const fileBytesMax = 1 << 20;
const keysMax = 1000;

/** The keys, newest first. Throws `StartError` with the place of what is wrong. */
export function readTicketFile(file: string): TicketKey[] {
  const text = readText(file);
  const problems = new Problems();
  const source = {
    readText: () => {
      throw new Error("the file of ticket keys includes no other");
    },
    environment: () => null,
  };
  const node = readYaml(text, file, source, problems);
  const keys = node === null || problems.count > 0 ? [] : readKeys(node, problems);
  if (keys.length === 0 && problems.count === 0) {
    throw new StartError(`${file}: contains no session ticket key`);
  }
  if (problems.count > 0) throw new StartError(problems.lines().join("\n"));
  return keys.sort((a, b) => b.notBefore - a.notBefore || compareNames(a, b));
}

/** All hosts must choose the same of two keys that begin at the same time. */
function compareNames(a: TicketKey, b: TicketKey): number {
  return a.name.toHex() < b.name.toHex() ? -1 : 1;
}

function readText(file: string): string {
  try {
    const text = readTextUpTo(file, fileBytesMax);
    if (text !== null) return text;
    throw new StartError(`${file}: too large for a file of session ticket keys`);
  } catch (error) {
    if (error instanceof StartError) throw error;
    const reason = error instanceof Deno.errors.NotFound ? "no such file" : systemReason(error);
    throw new StartError(`${file}: cannot read the session ticket keys: ${reason}`, 1, {
      cause: error,
    });
  }
}

function readKeys(node: ConfigNode, problems: Problems): TicketKey[] {
  if (node.kind !== "sequence" || node.items.length > keysMax) {
    problems.add(node.at, `a sequence of at most ${keysMax} session ticket keys is expected`);
    return [];
  }
  return node.items.map((item) => {
    const key = item.kind === "mapping" ? readKey(item) : "a mapping is expected";
    // A message never quotes the key itself.
    if (typeof key !== "string") return key;
    problems.add(item.at, `session ticket key: ${key}`);
    return null;
  }).filter((key) => key !== null);
}

/** The key, or what is wrong with it. */
function readKey(map: MapNode): TicketKey | string {
  const values = new Map<string, string>();
  for (const { key, value } of map.pairs) {
    if (value.kind === "scalar") values.set(key.text, value.text);
  }
  const missing = ["name", "cipher", "hash", "key", "not_before", "not_after"]
    .filter((word) => !values.has(word));
  if (missing.length > 0) return `${missing.join(", ")} missing`;
  const name = bytesOf(values.get("name")!);
  if (name?.length !== ticketNameBytes) return "name: 32 hexadecimal digits are expected";
  const cipher = values.get("cipher")!.toUpperCase();
  const hash = values.get("hash")!.toUpperCase().replace("-", "");
  const cipherBytes = cipherKeyBytes[cipher];
  const hashBytes = hashKeyBytes[hash];
  if (cipherBytes === undefined) return `cipher: allowed are ${listOf(cipherKeyBytes)}`;
  if (hashBytes === undefined) return `hash: allowed are ${listOf(hashKeyBytes)}`;
  const key = bytesOf(values.get("key")!);
  if (key?.length !== cipherBytes + hashBytes) {
    return `key: ${2 * (cipherBytes + hashBytes)} hexadecimal digits are expected`;
  }
  const notBefore = parseCount(values.get("not_before")!);
  const notAfter = parseCount(values.get("not_after")!);
  if (notBefore === null || notAfter === null || notBefore > notAfter) {
    return "not_before and not_after: seconds since 1970 are expected, the first not the larger";
  }
  const [cipherKey, hashKey] = [key.slice(0, cipherBytes), key.slice(cipherBytes)];
  return { name, cipher, cipherKey, hash, hashKey, notBefore, notAfter };
}

function listOf(table: Readonly<Record<string, number>>): string {
  return Object.keys(table).join(", ");
}

function bytesOf(text: string): Uint8Array<ArrayBuffer> | null {
  const isHex = /^([0-9a-f]{2})+$/i.test(text);
  return isHex ? Uint8Array.fromHex(text) as Uint8Array<ArrayBuffer> : null;
}
