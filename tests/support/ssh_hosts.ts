/** Hosts that ssh reaches: servers of OpenSSH on loopback, each with its own home and host key. */
import { assertEquals } from "@std/assert";
import { binaryPath, Child, descendantPids, runProgram } from "./binary.ts";
import { isGone } from "./child.ts";
import { peerPath } from "./peers.ts";
import { freePort, tempFolder } from "./ports.ts";

/** The programs that `startHosts` needs, for `peerTest`. */
export const sshPrograms = ["sshd", "ssh", "ssh-keygen"] as const;

export interface SshHosts extends AsyncDisposable {
  /** `--on ssh:h1,h2 --on-option=-F --on-option=CONFIG` for the first `count` hosts. */
  flags(count: number): string[];
  /** ssh_config, to which a test may add lines at the start. */
  readonly configPath: string;
  readonly knownHostsPath: string;
  /** The home of host `index`, from 0. */
  home(index: number): string;
  /** Puts this program where `--on` would copy it. */
  placeProgram(index: number): Promise<void>;
  /** The machine that runs on host `index`, if any. */
  machinePid(index: number): number | null;
}

/** Starts `count` hosts, called h1, h2 ... `variables`: of the programs on host `index`. */
export async function startHosts(
  count: number,
  variables: (index: number) => Record<string, string> = () => ({}),
): Promise<SshHosts> {
  const folder = await tempFolder();
  const stack = new AsyncDisposableStack();
  stack.use(folder);
  const at = (name: string) => `${folder.path}/${name}`;
  // sshd confines a helper process there when it runs as root.
  if (Deno.uid() === 0) await Deno.mkdir("/run/sshd", { recursive: true });
  await makeKey(at("user"));
  const known: string[] = [];
  const config: string[] = [];
  const servers: Child[] = [];
  for (let index = 0; index < count; index++) {
    const home = at(`home${index}`);
    await Deno.mkdir(home);
    await makeKey(at(`host${index}`));
    const environment = { HOME: home, XDG_CACHE_HOME: `${home}/.cache`, ...variables(index) };
    const port = freePort();
    const path = await folder.write(
      `sshd${index}.conf`,
      [
        `ListenAddress 127.0.0.1:${port}`,
        `HostKey ${at(`host${index}`)}`,
        `PidFile none`,
        `AuthorizedKeysFile ${at("user.pub")}`,
        "StrictModes no",
        "UsePAM no",
        "PermitRootLogin yes",
        `SetEnv ${Object.entries(environment).map(([name, text]) => `${name}=${text}`).join(" ")}`,
      ].join("\n") + "\n",
    );
    // It executes itself again for each connection, by its full path.
    const server = stack.use(new Child(peerPath("sshd"), ["-D", "-e", "-f", path]));
    servers.push(server);
    await server.waitForSocket({ kind: "tcp", host: "127.0.0.1", port });
    const key = await Deno.readTextFile(at(`host${index}.pub`));
    known.push(`[127.0.0.1]:${port} ${key.split(" ").slice(0, 2).join(" ")}`);
    config.push(`Host h${index + 1}\n  Port ${port}\n`);
  }
  const knownHostsPath = await folder.write("known_hosts", known.join("\n") + "\n");
  const configPath = await folder.write(
    "config",
    `${config.join("")}Host *\n  HostName 127.0.0.1\n  IdentityFile ${at("user")}\n` +
      `  IdentitiesOnly yes\n  UserKnownHostsFile ${knownHostsPath}\n  GlobalKnownHostsFile none\n`,
  );
  return {
    configPath,
    knownHostsPath,
    flags(count) {
      const names = Array.from({ length: count }, (_, index) => `h${index + 1}`);
      return ["--on", `ssh:${names.join(",")}`, "--on-option=-F", `--on-option=${configPath}`];
    },
    home: (index) => at(`home${index}`),
    async placeProgram(index) {
      const cache = `${at(`home${index}`)}/.cache/hayate`;
      await Deno.mkdir(cache, { recursive: true });
      const hash = await programHash();
      await Deno.copyFile(binaryPath, `${cache}/hayate-${hash.slice(0, 16)}`);
    },
    machinePid(index) {
      const pids = descendantPids(servers[index].pid);
      return pids.find((pid) => /^[^\0]*\/hayate-\w+\0load\0join\0$/.test(commandOf(pid))) ?? null;
    },
    async [Symbol.asyncDispose]() {
      await stack.disposeAsync();
    },
  };
}

let hash: Promise<string> | null = null;

/** SHA-256 of the program under test. */
export function programHash(): Promise<string> {
  const compute = async () => {
    const digest = await crypto.subtle.digest("SHA-256", await Deno.readFile(binaryPath));
    return new Uint8Array(digest).toHex();
  };
  return hash ??= compute();
}

async function makeKey(path: string): Promise<void> {
  const args = ["-q", "-t", "ed25519", "-N", "", "-f", path];
  const { code, stderr } = await runProgram(peerPath("ssh-keygen"), args);
  assertEquals(code, 0, stderr);
}

function commandOf(pid: number): string {
  try {
    return Deno.readTextFileSync(`/proc/${pid}/cmdline`);
  } catch (error) {
    if (!isGone(error)) throw error;
    return "";
  }
}
