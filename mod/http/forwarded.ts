/** Who a request is from by the fields that proxies set: X-Forwarded-For and Forwarded (RFC 7239). */
import type { Address } from "../base/address.ts";
import { formatIp, parseIp, unmapped } from "../base/ip.ts";
import type { IpRanges } from "../base/ip_ranges.ts";
import type { RequestHead } from "./request_head.ts";

/** The lines of a list field form one list (RFC 9110 5.3); "" without a line. */
export function allValues(head: RequestHead, lowerName: string): string {
  let list = "";
  for (let i = head.find(lowerName); i >= 0; i = head.find(lowerName, i + 1)) {
    list = list === "" ? head.value(i) : `${list},${head.value(i)}`;
  }
  return list;
}

/**
 * The last address of a list. With `passed`: the last address that is not in it, or the first of
 * all. Reads only what trusted peers have appended: an element that is not an address ends the
 * search, and the last address found before that is used. Null: no address.
 */
export function rightmost(list: string, passed: IpRanges | null): Address | null {
  return rightmostElement(list, passed)?.address ?? null;
}

/** An element of a list of addresses. */
export interface ForwardedElement {
  readonly address: Address;
  readonly text: string;
  /** 0 for the last one; empty ones do not count. */
  readonly fromRight: number;
}

/** The same with the element. */
export function rightmostElement(list: string, passed: IpRanges | null): ForwardedElement | null {
  let found: ForwardedElement | null = null;
  let fromRight = -1;
  for (let end = list.length; end >= 0;) {
    const comma = end === 0 ? -1 : list.lastIndexOf(",", end - 1);
    const element = list.slice(comma + 1, end).trim();
    end = comma;
    if (element === "") continue;
    const node = parseNode(element);
    if (node === null) break;
    found = { address: node.address, text: element, fromRight: ++fromRight };
    if (passed === null || !passed.has(node.ip)) break;
  }
  return found;
}

/** Parses an address with or without port, or the `for` of a Forwarded element (RFC 7239). */
function parseNode(element: string): { address: Address; ip: Uint8Array } | null {
  // A comma within quotes has split the element: neither half is what its sender wrote.
  if (element.includes("\\") || element.split('"').length % 2 === 0) return null;
  const named = /(?:^|;)\s*for\s*=\s*"?([^";]*)"?/i.exec(element);
  const text = named === null ? element : named[1];
  const [, literal, plain, portText] =
    /^(?:\[([0-9a-fA-F:.]+)\]|([0-9.]+))(?::([0-9]{1,5}))?$/.exec(text) ?? [];
  const ip = parseIp(literal ?? plain ?? text);
  if (ip === null) return null;
  const host = formatIp(unmapped(ip));
  return { address: { kind: "tcp", host, port: Math.min(65_535, Number(portText ?? 0)) }, ip };
}
