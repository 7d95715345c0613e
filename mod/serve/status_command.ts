/** `hayate serve status SOCK`: prints the status of a running master. */
import { type Address, formatAddress } from "../base/address.ts";
import type { PeerError } from "../base/errors.ts";
import { StartError } from "../base/errors.ts";
import { defineTable, readOptions, type Subcommand, UsageError } from "../cli/mod.ts";
import { isResolved, parseHostAddress } from "../config/addresses.ts";
import { standardSink } from "../log/mod.ts";
import { createReactor } from "../net/mod.ts";
import type { Socket, SocketHandler } from "../net/reactor.ts";
import { getVariable } from "../process/environment.ts";

const table = defineTable({
  command: "hayate serve status",
  summary: "workers of a running hayate serve, with their requests and memory",
  usage: ["[--json] SOCK"],
  operands: {
    name: "SOCK",
    min: 1,
    max: 1,
    help: "Address of --status-listen: a path or HOST:PORT.",
  },
  options: [
    { long: "json", kind: "flag", help: "Print JSON." },
    {
      long: "status-path",
      kind: "string",
      default: "/status",
      placeholder: "PATH",
      help: "Path given to the server with --status-path.",
    },
    {
      long: "token",
      kind: "string",
      env: "HAYATE_TOKEN",
      placeholder: "TEXT",
      help: "Token given to the server with --status-token.",
    },
  ],
  examples: [{ run: "hayate serve status /run/app-status.sock", about: "a table" }],
  exitCodes: [{ code: 1, meaning: "no response from the server" }],
});

const timeoutMs = 5000;

export const statusCommand: Subcommand = {
  name: "status",
  table,
  async run(argv): Promise<number> {
    const { values, operands } = readOptions(table, argv, getVariable);
    const address = parseHostAddress(operands[0], null) ?? relativePath(operands[0]);
    if (address === null || !isResolved(address)) {
      throw new UsageError([`${operands[0]}: not a path or HOST:PORT`]);
    }
    const path = values.json ? `${values.statusPath}?json` : values.statusPath;
    const out = standardSink("stdout");
    out.buffer.text(await ask(address, path, values.token));
    out.endLine();
    await out.close();
    return 0;
  },
};

function relativePath(text: string): Address | null {
  return text.includes(":") ? null : { kind: "unix", path: text };
}

/** Sends one GET on a new connection; throws StartError for any response but 200. */
async function ask(address: Address, path: string, token: string | null): Promise<string> {
  const where = formatAddress(address);
  const reactor = await createReactor();
  const answer = new Answer(() => reactor.stop());
  const socket = reactor.connect(address, answer);
  const authorization = token === null ? "" : `Authorization: Bearer ${token}\r\n`;
  answer.request =
    `GET ${path} HTTP/1.1\r\nHost: status\r\n${authorization}Connection: close\r\n\r\n`;
  reactor.setTimer(timeoutMs, () => reactor.stop());
  await reactor.run();
  socket.close();
  if (answer.error !== null) throw new StartError(`${where}: ${answer.error.message}`);
  const split = answer.text.indexOf("\r\n\r\n");
  if (split < 0) throw new StartError(`${where}: no response within ${timeoutMs / 1000} s`);
  const [statusLine] = answer.text.split("\r\n", 1);
  if (statusLine.includes(" 200 ")) return answer.text.slice(split + 4);
  if (statusLine.includes(" 401 ")) {
    const hint = token === null ? "needs a token: HAYATE_TOKEN or --token" : "refuses this token";
    throw new StartError(`${where} ${hint}`);
  }
  throw new StartError(`${where}${path}: answered ${statusLine}`);
}

class Answer implements SocketHandler {
  request = "";
  text = "";
  error: PeerError | null = null;
  readonly #decoder = new TextDecoder();

  constructor(readonly onOver: () => void) {}

  onOpen(socket: Socket): void {
    const bytes = new TextEncoder().encode(this.request);
    socket.write(bytes, 0, bytes.length);
  }

  onData(_socket: Socket, bytes: Uint8Array, start: number, end: number): void {
    this.text += this.#decoder.decode(bytes.subarray(start, end), { stream: true });
  }

  onDrain(): void {}

  onEnd(): void {
    this.onOver();
  }

  onClose(_socket: Socket, error: PeerError): void {
    this.error = error;
    this.onOver();
  }
}
