/**
 * Resolves names, with lifetimes: /etc/hosts first, then DNS, then the host's other sources
 * (getaddrinfo, which gives no lifetimes).
 */
import { PeerError } from "../../base/errors.ts";
import { resolveHost } from "../resolve.ts";
import { DnsClient, type DnsTransport, type Found, type NotFound } from "./dns_client.ts";
import { type DnsSettings, findInHosts, parseResolvConf, searchNames } from "./host_files.ts";
import { type DnsRecord, RecordType, type ServiceRecord } from "./message.ts";

/** How a name is looked up. */
export interface LookupRules {
  /** The servers to query; null: those of /etc/resolv.conf, read again for each lookup. */
  readonly settings: DnsSettings | null;
  readonly usesV4: boolean;
  readonly usesV6: boolean;
}

export interface FoundAddresses {
  /** IPv4 first; never empty. */
  readonly addresses: readonly string[];
  readonly ttlMs: number;
}

/** A server of a service, from an SRV record. */
export interface ServicePlace {
  readonly host: string;
  readonly port: number;
  /** Lower values come first. */
  readonly priority: number;
  readonly weight: number;
  readonly addresses: readonly string[];
}

export interface FoundPlaces {
  /** Never empty; each place has an address. */
  readonly places: readonly ServicePlace[];
  readonly ttlMs: number;
}

export interface LookupFailure {
  readonly error: PeerError;
  /** How long the failure is valid; null if unknown. */
  readonly ttlMs: number | null;
}

export interface NameServiceParts {
  readonly transport: DnsTransport;
  /** Reads a file of the host; null if it does not exist. */
  readText(path: string): string | null;
  /** The host's own lookup (getaddrinfo); replaced in tests. */
  readonly system?: (host: string) => Promise<readonly string[] | PeerError>;
}

/** Lifetime of results from /etc/hosts and getaddrinfo, which give none. */
const untimedMs = 10_000;
/** Lower bound, so that a TTL of 0 does not flood the server with queries. */
const ttlMinMs = 1000;
/** Upper bound: Docker's DNS server sends 600 s for containers that may be replaced within one. */
const ttlMaxMs = 30_000;
/** Most servers of a service that are looked up; each costs two queries. */
const placesMax = 256;

export class NameService {
  readonly #parts: NameServiceParts;
  readonly #client: DnsClient;

  constructor(parts: NameServiceParts) {
    this.#parts = parts;
    this.#client = new DnsClient(parts.transport);
  }

  /** Resolves a host name. */
  async addresses(host: string, rules: LookupRules): Promise<FoundAddresses | LookupFailure> {
    const hosts = this.#parts.readText("/etc/hosts");
    const known = hosts === null ? [] : byFamily(findInHosts(hosts, host), rules);
    if (known.length > 0) return { addresses: known, ttlMs: untimedMs };
    const settings = this.#settings(rules);
    let failure: NotFound | null = null;
    for (const name of searchNames(host, settings)) {
      const found = await this.#both(name, rules, settings);
      if ("addresses" in found) return found;
      failure = found;
      if (!found.isDefinite) break;
    }
    if (rules.settings === null && (failure === null || failure.isDefinite)) {
      const found = await (this.#parts.system ?? resolveHost)(host);
      if (!(found instanceof PeerError)) {
        const addresses = byFamily(found, rules);
        if (addresses.length > 0) return { addresses, ttlMs: untimedMs };
      }
    }
    return failureOf(failure!);
  }

  /** Resolves `service`, a full SRV name such as `_http._tcp.example.com`. */
  async places(service: string, rules: LookupRules): Promise<FoundPlaces | LookupFailure> {
    const settings = this.#settings(rules);
    let found: Found | NotFound | null = null;
    for (const name of searchNames(service, settings)) {
      found = await this.#client.query(name, RecordType.srv, settings);
      if (!("error" in found) || !found.isDefinite) break;
    }
    if ("error" in found!) return failureOf(found);
    return await this.#locate(service, found!, rules);
  }

  async #locate(
    service: string,
    found: Found,
    rules: LookupRules,
  ): Promise<FoundPlaces | LookupFailure> {
    // A target of "." means that the service is not available (RFC 2782).
    const records = (found.records as readonly ServiceRecord[])
      .filter(({ target, port }) => target !== "" && port !== 0).slice(0, placesMax);
    let ttlMs = clampTtl(found.ttlSeconds);
    let failure: LookupFailure = {
      error: new PeerError(
        "ENOTFOUND",
        "upstream",
        `${service} is not available at this domain`,
        true,
      ),
      ttlMs,
    };
    const places: ServicePlace[] = [];
    const all = await Promise.all(records.map(async (record) => {
      const given = addressesIn(found.additionals, record.target, rules);
      return given ?? await this.addresses(`${record.target}.`, rules);
    }));
    for (const [index, record] of records.entries()) {
      const one = all[index];
      if ("error" in one) {
        failure = one;
        continue;
      }
      ttlMs = Math.min(ttlMs, one.ttlMs);
      const { target: host, port, priority, weight } = record;
      places.push({ host, port, priority, weight, addresses: one.addresses });
    }
    return places.length > 0 ? { places, ttlMs } : failure;
  }

  /** Queries both families at once; one of them is enough. */
  async #both(
    name: string,
    { usesV4, usesV6 }: LookupRules,
    settings: DnsSettings,
  ): Promise<FoundAddresses | NotFound> {
    const types = [...usesV4 ? [RecordType.a] : [], ...usesV6 ? [RecordType.aaaa] : []];
    const answers = await Promise.all(
      types.map((type) => this.#client.query(name, type, settings)),
    );
    const found = answers.filter((answer): answer is Found => !("error" in answer));
    if (found.length > 0) {
      const addresses = found.flatMap(({ records }) => addressTexts(records));
      const ttlSeconds = Math.min(...found.map((answer) => answer.ttlSeconds));
      return { addresses, ttlMs: clampTtl(ttlSeconds) };
    }
    const failures = answers as NotFound[];
    return failures.find(({ isDefinite }) => !isDefinite) ?? failures[0];
  }

  #settings({ settings }: LookupRules): DnsSettings {
    return settings ?? parseResolvConf(this.#parts.readText("/etc/resolv.conf") ?? "");
  }
}

/** Addresses from the additional records of a service; null if there are none. */
function addressesIn(
  additionals: readonly DnsRecord[],
  host: string,
  rules: LookupRules,
): FoundAddresses | null {
  const records = additionals.filter((one) => one.name === host);
  const addresses = byFamily(addressTexts(records), rules);
  if (addresses.length === 0) return null;
  return { addresses, ttlMs: clampTtl(Math.min(...records.map((one) => one.ttlSeconds))) };
}

function addressTexts(records: readonly DnsRecord[]): string[] {
  return records.flatMap((one) => "address" in one ? [one.address] : []);
}

/** IPv4 first; without families that are not wanted. */
function byFamily(addresses: readonly string[], { usesV4, usesV6 }: LookupRules): string[] {
  const isV6 = (address: string) => address.includes(":");
  return [
    ...addresses.filter((address) => usesV4 && !isV6(address)),
    ...addresses.filter((address) => usesV6 && isV6(address)),
  ];
}

function clampTtl(seconds: number): number {
  return Math.min(ttlMaxMs, Math.max(ttlMinMs, seconds * 1000));
}

function failureOf({ error, ttlSeconds }: NotFound): LookupFailure {
  return { error, ttlMs: ttlSeconds === null ? null : clampTtl(ttlSeconds) };
}
