/** SERVER_STARTER_PORT, in which Server::Starter and hayate's supervisor list inherited sockets. */
import { exitCodes, StartError } from "../../base/errors.ts";

/**
 * Environment variable with the default configuration file that an earlier generation served. If that
 * file is missing, a new generation fails instead of serving the welcome page.
 */
export const servedConfigVariable = "HAYATE_SERVED_CONFIG";

/** An inherited listening socket. */
export interface InheritedSocket {
  /** As in SERVER_STARTER_PORT: `8080`, `127.0.0.1:80`, `/run/a.sock`. */
  readonly name: string;
  readonly fd: number;
}

/**
 * Parses `8080=4;/run/a=b.sock=5`; the last `=` is the separator, because a path may contain one.
 * Throws `StartError` with h2o's messages and the exit code of a configuration error.
 */
export function parseStarterPort(text: string): InheritedSocket[] {
  if (text === "") throw new StartError("$SERVER_STARTER_PORT is empty", exitCodes.config);
  return text.split(";").map((item) => {
    const match = /^(.*)=(\d+)$/.exec(item);
    // A larger number would be truncated to 32 bits and mean another descriptor.
    if (match !== null && Number(match[2]) <= 0x7fffffff) {
      return { name: match[1], fd: Number(match[2]) };
    }
    if (match !== null) {
      throw new StartError(
        `invalid $SERVER_STARTER_PORT, ${match[2]} is no descriptor in: ${text}`,
        exitCodes.config,
      );
    }
    throw new StartError(
      `invalid $SERVER_STARTER_PORT, an element without \`=\` in: ${text}`,
      exitCodes.config,
    );
  });
}

/** Formats sockets for SERVER_STARTER_PORT. */
export function formatStarterPort(sockets: readonly InheritedSocket[]): string {
  return sockets.map(({ name, fd }) => `${name}=${fd}`).join(";");
}
