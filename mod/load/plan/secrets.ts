/** Masks secrets in the command line that a report keeps: fields, URLs, bodies. Pure. */

export const mask = "***";

const secretName =
  /auth|cookie|token|secret|passw|passwd|pwd|api[-_]?key|access[-_]?key|session|credential|signature|^(?:sig|key|code|jwt|sas|sid)$/i;
/** Words whose value is the request's field: `-H 'A: b'`, `-HA: b`, `--header=A: b`. */
const field = /^((?:-\w*?H|--\w[\w-]*=)?)([!#$%&'*+.^_`|~\w-]+)(\s*:)(.*)$/s;
/** `name=value` of a query, of a form, or of a script's arguments. */
const pair = /(^|[?&;\s]|--?)([\w.~%[\]-]+)=([^&;\s#]*)/g;
/** `"name": "value"` of a JSON body. */
const member = /("([\w-]+)"\s*:\s*)(?:"(?:[^"\\]|\\.)*"|[\d.]+)/g;

/** True for fields such as Authorization, Cookie and X-Api-Key, and for parameters such as token. */
export function isSecretName(name: string): boolean {
  return secretName.test(name);
}

/** `text` with its userinfo and the values of secret parameters masked. */
export function maskText(text: string): string {
  return text.replace(/((?:^|\/\/|=))([^\s/?#@]+)@(?=[^\s/?#@]+)/g, maskUserinfo)
    .replace(
      pair,
      (all, before, name) => isSecretName(name) ? `${before}${name}=${mask}` : all,
    )
    .replace(member, (all, before, name) => isSecretName(name) ? `${before}"${mask}"` : all);
}

/** Without a scheme only `user:password@` is read as userinfo; a mail address is not. */
function maskUserinfo(all: string, before: string, userinfo: string): string {
  return before === "//" || userinfo.includes(":") ? `${before}${mask}@` : all;
}

/** One word of a command line. */
export function maskWord(word: string): string {
  const match = field.exec(word);
  if (match !== null && !match[4].startsWith("//") && isSecretName(match[2])) {
    return `${match[1]}${match[2]}${match[3]} ${mask}`;
  }
  return maskText(word);
}

/** Counts by value of a secret field: keeps how many values there were, not the values. */
export function maskValues(
  counts: Readonly<Record<string, number>>,
): Record<string, number> {
  const entries = Object.entries(counts);
  return Object.fromEntries(entries.map(([value, count], index) => [
    /^\((?:none|other)\)$/.test(value) ? value : `${mask} ${index + 1}`,
    count,
  ]));
}
