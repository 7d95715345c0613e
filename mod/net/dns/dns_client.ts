/** DNS client: tries servers in rounds, with timeouts, TCP after truncation, and alias chains. */
import { formatAddress } from "../../base/address.ts";
import { PeerError } from "../../base/errors.ts";
import type { DnsServer, DnsSettings } from "./host_files.ts";
import {
  type AuthorityRecord,
  decodeResponse,
  type DnsRecord,
  type DnsResponse,
  encodeQuery,
  RecordType,
  ResponseCode,
} from "./message.ts";

/** Transports messages; the real one is in net/portable. */
export interface DnsTransport {
  /** Resolves to the first datagram that `isAnswer` accepts. */
  datagram(
    server: DnsServer,
    query: Uint8Array,
    timeoutMs: number,
    isAnswer: (bytes: Uint8Array) => boolean,
  ): Promise<Uint8Array | PeerError>;
  stream(
    server: DnsServer,
    query: Uint8Array,
    timeoutMs: number,
  ): Promise<Uint8Array | PeerError>;
}

/** Records of the requested type, and the additional records of the response. */
export interface Found {
  readonly records: readonly DnsRecord[];
  readonly additionals: readonly DnsRecord[];
  /** Lifetime of the whole result. */
  readonly ttlSeconds: number;
}

/** The lookup found nothing. */
export interface NotFound {
  readonly error: PeerError;
  /** True if a server said that the name or record does not exist; false if none answered. */
  readonly isDefinite: boolean;
  /** How long the absence is valid; null if unknown. */
  readonly ttlSeconds: number | null;
}

/** Longest alias chain; a longer one is a loop or a mistake. */
const aliasesMax = 16;
/** Most extra queries for aliases whose target is not in the response. */
const detoursMax = 8;

export class DnsClient {
  readonly #transport: DnsTransport;
  readonly #randomId: () => number;

  /** `randomId` returns numbers from 0 to 65535. */
  constructor(transport: DnsTransport, randomId: () => number = drawId) {
    this.#transport = transport;
    this.#randomId = randomId;
  }

  /** The records of one name, without the search list. Follows aliases. */
  async query(name: string, type: RecordType, settings: DnsSettings): Promise<Found | NotFound> {
    let current = name.toLowerCase();
    let ttlSeconds = Infinity;
    for (let detours = 0; detours <= detoursMax; detours++) {
      const response = await this.#ask(current, type, settings);
      if (response instanceof PeerError) {
        return { error: response, isDefinite: false, ttlSeconds: null };
      }
      const chain = followAliases(response, current);
      if (chain === null) break;
      ttlSeconds = Math.min(ttlSeconds, chain.ttlSeconds);
      const { answers, additionals } = response;
      const records = answers.filter((one) => one.type === type && one.name === chain.name);
      if (records.length > 0) {
        for (const record of records) ttlSeconds = Math.min(ttlSeconds, record.ttlSeconds);
        return { records, additionals, ttlSeconds };
      }
      if (chain.name === current || response.code === ResponseCode.noName) {
        return nothing(response, name, type);
      }
      current = chain.name;
    }
    const error = fault("ENOTFOUND", `${name} has a loop of aliases, or too many of them`);
    return { error, isDefinite: true, ttlSeconds: null };
  }

  /** The first definite response, or the last failure if there is none. */
  async #ask(
    name: string,
    type: RecordType,
    settings: DnsSettings,
  ): Promise<DnsResponse | PeerError> {
    let failure = fault("ENOTFOUND", `no DNS server to query for ${name}`);
    for (let attempt = 0; attempt < settings.attempts; attempt++) {
      for (const server of settings.servers) {
        const response = await this.#askOne(server, name, type, settings.timeoutMs);
        if (response instanceof PeerError) failure = response;
        else if (isDefinite(response.code)) return response;
        else failure = refusal(server, response.code);
      }
    }
    return failure;
  }

  async #askOne(
    server: DnsServer,
    name: string,
    type: RecordType,
    timeoutMs: number,
  ): Promise<DnsResponse | PeerError> {
    const first = await this.#exchange(server, name, type, timeoutMs, true);
    // A server from before 1999 does not know EDNS.
    const isOld = !(first instanceof PeerError) && first.code === ResponseCode.formatError;
    return isOld ? await this.#exchange(server, name, type, timeoutMs, false) : first;
  }

  async #exchange(
    server: DnsServer,
    name: string,
    type: RecordType,
    timeoutMs: number,
    hasExtension: boolean,
  ): Promise<DnsResponse | PeerError> {
    const id = this.#randomId();
    const query = encodeQuery(id, name, type, hasExtension);
    if (query === null) return fault("ENOTFOUND", `${name} is not a valid DNS name`);
    const read = (bytes: Uint8Array): DnsResponse | null => {
      const response = decodeResponse(bytes);
      if (response === null || response.id !== id || response.question.type !== type) return null;
      return response.question.name === name ? response : null;
    };
    const isAnswer = (bytes: Uint8Array) => read(bytes) !== null;
    const answer = await this.#transport.datagram(server, query, timeoutMs, isAnswer);
    if (answer instanceof PeerError) return answer;
    const response = read(answer)!;
    if (!response.isTruncated) return response;
    const whole = await this.#transport.stream(server, query, timeoutMs);
    if (whole instanceof PeerError) return whole;
    const { host, port } = server;
    const shown = formatAddress({ kind: "tcp", host, port });
    return read(whole) ?? fault("EPROTO", `${shown} sent an invalid response`);
  }
}

/** The name that the aliases in a response lead to; null for a loop. */
function followAliases(
  { answers }: DnsResponse,
  name: string,
): { name: string; ttlSeconds: number } | null {
  let current = name;
  let ttlSeconds = Infinity;
  for (let aliases = 0; aliases <= aliasesMax; aliases++) {
    const alias = answers.find((one) => one.type === RecordType.cname && one.name === current);
    if (alias?.type !== RecordType.cname) return { name: current, ttlSeconds };
    current = alias.target;
    ttlSeconds = Math.min(ttlSeconds, alias.ttlSeconds);
  }
  return null;
}

/** No such name, or no record of this type (RFC 2308); the SOA record says for how long. */
function nothing(response: DnsResponse, name: string, type: RecordType): NotFound {
  const authority = response.authorities.find((one): one is AuthorityRecord =>
    one.type === RecordType.soa
  );
  const ttlSeconds = authority === undefined
    ? null
    : Math.min(authority.ttlSeconds, authority.minimumSeconds);
  const typeName = Object.entries(RecordType).find(([, number]) => number === type)![0]
    .toUpperCase();
  const isUnknown = response.code === ResponseCode.noName;
  const what = isUnknown ? `no such name: ${name}` : `${name} has no ${typeName} record`;
  return { error: fault("ENOTFOUND", what), isDefinite: true, ttlSeconds };
}

/** The server answered the question, positively or negatively. */
function isDefinite(code: number): boolean {
  return code === ResponseCode.noError || code === ResponseCode.noName;
}

function refusal({ host, port }: DnsServer, code: number): PeerError {
  const names = ["", "format error", "server failure", "", "not implemented", "refused"];
  const shown = formatAddress({ kind: "tcp", host, port });
  return fault("ESERVFAIL", `${shown} responded: ${names[code] || `code ${code}`}`);
}

function fault(code: string, message: string): PeerError {
  return new PeerError(code, "upstream", message, true);
}

function drawId(): number {
  return crypto.getRandomValues(new Uint16Array(1))[0];
}
