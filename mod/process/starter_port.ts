/** SERVER_STARTER_PORT, in which Server::Starter and our own supervisor name the sockets they hold. */
import { exitCodes, StartError } from "../base/errors.ts";

/**
 * Names the configuration file that the supervisor's earlier generations served without being told which, so
 * that one without any file fails instead of serving the welcome page.
 */
export const servedConfigVariable = "HAYATE_SERVED_CONFIG";

/** A listening socket that whoever started us hands over. */
export interface InheritedSocket {
  /** As the starter spells it: `8080`, `127.0.0.1:80`, `/run/a.sock`. */
  readonly name: string;
  readonly fd: number;
}

/**
 * Reads `8080=4;/run/a=b.sock=5`; the last `=` divides, because a path may contain one. Throws
 * `StartError` in h2o's words, with the exit code of a wrong configuration.
 */
export function parseStarterPort(text: string): InheritedSocket[] {
  if (text === "") throw new StartError("$SERVER_STARTER_PORT is empty", exitCodes.config);
  return text.split(";").map((item) => {
    const match = /^(.*)=(\d+)$/.exec(item);
    // A larger number would be cut to 32 bits, and name some other descriptor.
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

/** Spells sockets as SERVER_STARTER_PORT does. */
export function formatStarterPort(sockets: readonly InheritedSocket[]): string {
  return sockets.map(({ name, fd }) => `${name}=${fd}`).join(";");
}
