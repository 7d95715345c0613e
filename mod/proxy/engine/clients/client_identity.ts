import type { Address } from "../../../base/address.ts";
import { formatIp, parseIp, unmapped } from "../../../base/ip.ts";
import { ConstantBytes } from "../../../http/mod.ts";

const noBytes = new Uint8Array(0);

/** Where requests come from, in the forms that the data path needs. Built once per address. */
export class ClientIdentity {
  readonly address: Address;
  readonly scheme: "http" | "https";
  /** IP literal; "" on a unix socket. */
  readonly ip: string;
  /** Bytes of the IP, for ip_hash. */
  readonly ipBytes: Uint8Array;
  readonly port: number;
  /** `x-forwarded-proto` and `x-forwarded-for` lines for a request that has neither. */
  readonly forwardedLines: ConstantBytes;
  /** The proto line alone, for a request with an x-forwarded-for to append to. */
  readonly protoLine: ConstantBytes;

  constructor(address: Address, scheme: "http" | "https") {
    this.address = address;
    this.scheme = scheme;
    const parsed = address.kind === "tcp" ? parseIp(address.host) : null;
    this.ipBytes = parsed === null ? noBytes : unmapped(parsed);
    const isAsWritten = parsed === null || this.ipBytes.length === parsed.length;
    const host = address.kind === "tcp" ? address.host : "";
    this.ip = isAsWritten ? host : formatIp(this.ipBytes);
    this.port = address.kind === "tcp" ? address.port : 0;
    const proto = `x-forwarded-proto: ${scheme}\r\n`;
    this.protoLine = new ConstantBytes(proto);
    const forwarded = this.ip === "" ? "" : `x-forwarded-for: ${this.ip}\r\n`;
    this.forwardedLines = new ConstantBytes(proto + forwarded);
  }
}
