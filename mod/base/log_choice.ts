/** How this process writes lines about itself: chosen once, by flags or by variables, before the first line. */

interface LogChoice {
  /** One JSON object a line. */
  json: boolean;
  stream: "stdout" | "stderr";
}

export const logChoice: LogChoice = { json: false, stream: "stderr" };

/** Names of the variables that mean the same as `--log-format` and `--log-to`; children inherit them. */
export const logVariables = { format: "HAYATE_LOG_FORMAT", stream: "HAYATE_LOG_TO" } as const;

/** One line of JSON: the time (RFC 3339, UTC), the level, the message, then further fields. */
export function jsonLogLine(
  timeMs: number,
  level: string,
  message: string,
  fields: Readonly<Record<string, unknown>>,
): string {
  return JSON.stringify({ time: new Date(timeMs).toISOString(), level, msg: message, ...fields });
}
