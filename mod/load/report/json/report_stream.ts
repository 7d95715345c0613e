/** Reports one after another in one text, as the logs of several machines have them. */

/** More text than thousands of reports. */
const textCharsMax = 512 * 1024 * 1024;

/**
 * The JSON objects of `text` at its top level, between which anything but a brace may stand: what a
 * program printed before its report, for example. Returns what is wrong as a string.
 */
export function splitReports(text: string): string[] | string {
  if (text.length > textCharsMax) return `longer than ${textCharsMax} characters`;
  const reports: string[] = [];
  for (let at = text.indexOf("{"); at >= 0; at = text.indexOf("{", at)) {
    const end = endOfObject(text, at);
    if (end < 0) return "ends within a report";
    reports.push(text.slice(at, end));
    at = end;
  }
  return reports;
}

/** The position after the object that begins at `start`; -1: the text ends before. */
function endOfObject(text: string, start: number): number {
  let depth = 0;
  let isString = false;
  for (let at = start; at < text.length; at++) {
    const char = text[at];
    if (isString) {
      if (char === "\\") at++;
      else if (char === '"') isString = false;
    } else if (char === '"') isString = true;
    else if (char === "{") depth++;
    else if (char === "}" && --depth === 0) return at + 1;
  }
  return -1;
}
