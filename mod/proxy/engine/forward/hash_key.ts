/** `balance: hash KEY`: text with nginx's variables, compiled once. */
import type { RequestHead } from "../../../http/mod.ts";
import { cookieValue } from "./cookies.ts";
import type { HashKey } from "./upstream.ts";

type Part = HashKey;

/** Compiles `$remote_addr$request_uri` and the like; returns null for an unknown variable. */
export function compileHashKey(text: string): HashKey | null {
  const parts: Part[] = [];
  for (const [, variable, literal] of text.matchAll(/\$(\w+)|([^$]+|\$)/g)) {
    if (literal !== undefined) {
      parts.push(() => literal);
      continue;
    }
    const part = variablePart(variable);
    if (part === null) return null;
    parts.push(part);
  }
  return (head, facts) => parts.map((part) => part(head, facts)).join("");
}

/** The variables, as listed in messages. */
export const hashVariables =
  "$remote_addr, $request_uri, $uri, $args, $host, $arg_NAME, $http_NAME, $cookie_NAME";

function variablePart(name: string): Part | null {
  switch (name) {
    case "remote_addr":
      return (_head, facts) => facts.ip;
    case "request_uri":
      return (head) => head.pathText();
    case "uri":
      return (head) => head.pathText().split("?", 1)[0];
    case "args":
    case "query_string":
      return queryOf;
    case "host":
    case "http_host":
      return (head) => head.hostText();
  }
  const match = /^(arg|http|cookie)_(.+)$/.exec(name);
  if (match === null) return null;
  const [, kind, key] = match;
  if (kind === "arg") return (head) => argument(queryOf(head), key);
  if (kind === "cookie") return (head) => cookieValue(head.field("cookie") ?? "", key);
  const field = key.toLowerCase().replaceAll("_", "-");
  return (head) => head.field(field) ?? "";
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
