/** `balance: hash KEY`, compiled into a function of the request. */
import type { RequestHead } from "../../../http/mod.ts";
import { type HashKeyPart, parseHashKey } from "../../plan/hash_key.ts";
import { cookieValue } from "./cookies.ts";

/** The client as far as a key can name it. */
export interface KeyedClient {
  /** IP literal; "" on a unix socket. */
  readonly ip: string;
}

/** Returns the value that a request is hashed by. */
export type HashKey = (head: RequestHead, client: KeyedClient) => string;

/** Compiles a key that `parseHashKey` accepts. Throws `TypeError` for another one. */
export function compileHashKey(text: string): HashKey {
  const parts = parseHashKey(text)?.map(compilePart);
  if (parts === undefined) throw new TypeError(`Cannot compile the key ${text}`);
  return (head, client) => parts.map((part) => part(head, client)).join("");
}

function compilePart(part: HashKeyPart): HashKey {
  switch (part.kind) {
    case "text":
      return () => part.text;
    case "address":
      return (_head, client) => client.ip;
    case "target":
      return (head) => head.pathText();
    case "path":
      return (head) => head.pathText().split("?", 1)[0];
    case "query":
      return queryOf;
    case "host":
      return (head) => head.hostText();
    case "argument":
      return (head) => argument(queryOf(head), part.name);
    case "field":
      return (head) => head.field(part.name) ?? "";
    case "cookie":
      return (head) => cookieValue(head.field("cookie") ?? "", part.name);
  }
}

function queryOf(head: RequestHead): string {
  const path = head.pathText();
  const at = path.indexOf("?");
  return at < 0 ? "" : path.slice(at + 1);
}

function argument(query: string, name: string): string {
  for (const pair of query.split("&")) {
    if (pair.startsWith(`${name}=`)) return pair.slice(name.length + 1);
  }
  return "";
}
