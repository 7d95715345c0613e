/** Hosts that ssh reaches: copies this program there unless it is there already, and starts it. */
import type { SshHost } from "../../plan/place.ts";
import type { Absence, Arrival, Machines } from "../wire/link.ts";
import { ChildLink } from "./child_link.ts";
import { OwnProgram } from "./own_program.ts";
import { type Program, setupCommand, setupMark } from "./ssh_setup.ts";

/**
 * In front of the user's own words, of which ssh takes the first for each option. Everything else is
 * as ~/.ssh/config has it.
 */
const ownWords = [
  // Nobody can answer a question; a forwarded port can be bound once, by one of many connections.
  ...["-T", "-o", "BatchMode=yes", "-o", "ClearAllForwardings=yes"],
  // The command is ours. Versions before 7.6 have no RemoteCommand.
  ...["-o", "IgnoreUnknown=RemoteCommand", "-o", "RemoteCommand=none"],
];

/** Large files go to so many hosts at once; more would only share the same network. */
const copiesMax = 8;

export class SshMachines implements Machines {
  readonly #hosts: readonly SshHost[];
  readonly #words: readonly string[];
  readonly #say: (line: string) => void;
  readonly #links: ChildLink[] = [];
  readonly #slots = new Slots(copiesMax);

  /** `words`: the user's, for ssh. `say` gets what the hosts write on stderr. */
  constructor(
    hosts: readonly SshHost[],
    words: readonly string[],
    say: (line: string) => void,
  ) {
    this.#hosts = hosts;
    this.#words = words;
    this.#say = say;
  }

  async gather(): Promise<readonly Promise<Arrival | Absence>[]> {
    const own = await OwnProgram.read();
    return this.#hosts.map((host) => this.#setUp(host, own));
  }

  waitingFor(): string | null {
    return null;
  }

  async close(): Promise<void> {
    for (const link of this.#links) link.close();
    await Promise.all(this.#links.map(({ ended }) => ended));
  }

  #setUp({ name, destination, port }: SshHost, own: OwnProgram): Promise<Arrival | Absence> {
    const portWords = port === null ? [] : ["-p", `${port}`];
    const words = [...this.#words, ...ownWords, ...portWords, "--", destination];
    const link = new ChildLink(
      ["ssh", ...words, setupCommand(own.program)],
      (line) => this.#say(`${name}: ${line}`),
    );
    this.#links.push(link);
    return new Promise((resolve) => {
      const absent = (reason: string) => {
        link.close();
        resolve({ name, reason });
      };
      const refused: string[] = [];
      link.listen({
        onEnd: absent,
        onLine: (line) => {
          if (!line.startsWith(`${setupMark} `)) return;
          const [word, rest] = splitAtBlank(line.slice(setupMark.length + 1));
          if (word === "no") refused.push(rest);
          else if (word === "packed") {
            void this.#slots.use(async () => send(link, await own.packed()));
          } else if (word === "plain") void this.#slots.use(() => send(link, own.plain));
          else if (word !== "ready") absent(faultOf(word, rest, refused, own.program));
          else resolve({ name, open: (handler) => (link.showErrors(), link.listen(handler)) });
        },
      });
    });
  }
}

async function send(link: ChildLink, bytes: Uint8Array<ArrayBuffer>): Promise<void> {
  await link.write(new TextEncoder().encode(`${bytes.length}\n`));
  await link.write(bytes);
}

function faultOf(
  word: string,
  rest: string,
  refused: readonly string[],
  { system, version }: Program,
): string {
  switch (word) {
    case "system":
      return `it runs ${rest}, this program is for ${system}: install hayate ${version} in its PATH`;
    case "fails":
      return `the program does not run there: ${rest}`;
    default:
      return `no folder there can hold the program: ${refused.join("; ")}`;
  }
}

function splitAtBlank(text: string): [word: string, rest: string] {
  const blank = text.indexOf(" ");
  return blank < 0 ? [text, ""] : [text.slice(0, blank), text.slice(blank + 1)];
}

/** Lets so many do something at once; the others wait for their turn. */
class Slots {
  #free: number;
  readonly #waiting: (() => void)[] = [];

  constructor(count: number) {
    this.#free = count;
  }

  async use(act: () => Promise<void>): Promise<void> {
    if (this.#free === 0) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    else this.#free--;
    try {
      await act();
    } finally {
      const next = this.#waiting.shift();
      if (next === undefined) this.#free++;
      else next();
    }
  }
}
