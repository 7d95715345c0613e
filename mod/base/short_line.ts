/** Text of others (a peer's answer, a configuration) that is shown to an operator. */

/**
 * One line of at most `charsMax` characters and "...". Control characters, which could change what a
 * terminal shows, become blanks.
 */
export function shortLine(text: string, charsMax: number): string {
  const line = text.replace(/[\0-\x1f\x7f-\x9f]+/g, " ");
  return line.length > charsMax ? `${line.slice(0, charsMax)}...` : line;
}
