/** An entry of h2o's file of session ticket keys, random unless given. */
export function ticketKeyText(
  { name, cipher, hash, key, notBefore, notAfter }: {
    readonly name?: string;
    readonly cipher?: string;
    readonly hash?: string;
    readonly key?: string;
    readonly notBefore?: number;
    readonly notAfter?: number;
  } = {},
): string {
  const random = (count: number) => crypto.getRandomValues(new Uint8Array(count)).toHex();
  const now = Math.floor(Date.now() / 1000);
  return `- name: ${name ?? random(16)}
  cipher: ${cipher ?? "AES-256-CBC"}
  hash: ${hash ?? "SHA256"}
  key: ${key ?? random(32 + 64)}
  not_before: ${notBefore ?? now - 60}
  not_after: ${notAfter ?? now + 3600}
`;
}
