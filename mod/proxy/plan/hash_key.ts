/** `balance: hash KEY`: the grammar of a text with nginx's variables. */

/** A literal text, or one variable of the request. */
export type HashKeyPart =
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "address" | "target" | "path" | "query" | "host" }
  | { readonly kind: "argument" | "field" | "cookie"; readonly name: string };

/** The variables, as listed in messages. */
export const hashVariables =
  "$remote_addr, $request_uri, $uri, $args, $host, $arg_NAME, $http_NAME, $cookie_NAME";

/** Parses `$remote_addr$request_uri` and the like; returns null for an unknown variable. */
export function parseHashKey(text: string): HashKeyPart[] | null {
  const parts: HashKeyPart[] = [];
  for (const [, variable, literal] of text.matchAll(/\$(\w+)|([^$]+|\$)/g)) {
    const part: HashKeyPart | null = literal === undefined
      ? parseVariable(variable)
      : { kind: "text", text: literal };
    if (part === null) return null;
    parts.push(part);
  }
  return parts;
}

function parseVariable(name: string): HashKeyPart | null {
  switch (name) {
    case "remote_addr":
      return { kind: "address" };
    case "request_uri":
      return { kind: "target" };
    case "uri":
      return { kind: "path" };
    case "args":
    case "query_string":
      return { kind: "query" };
    case "host":
    case "http_host":
      return { kind: "host" };
  }
  const match = /^(arg|http|cookie)_(.+)$/.exec(name);
  if (match === null) return null;
  const [, kind, key] = match;
  if (kind === "arg") return { kind: "argument", name: key };
  if (kind === "cookie") return { kind: "cookie", name: key };
  return { kind: "field", name: key.toLowerCase().replaceAll("_", "-") };
}
