/** The script for hosts, run by this machine's shells with a small program in place of hayate. */
import { assertEquals, assertMatch } from "@std/assert";
import { type Program, setupCommand } from "../../../../../mod/load/fleet/places/ssh_setup.ts";
import { findPeer, testThatNeeds } from "../../../../support/peers.ts";
import { type TempFolder, tempFolder } from "../../../../support/ports.ts";

const source =
  '#!/bin/sh\nif [ "$1" = --version ]; then echo hayate 9.9.9; else echo "joined $*"; cat; fi\n';
const bytes = new TextEncoder().encode(source);
const { stdout: uname } = await new Deno.Command("uname", { args: ["-sm"] }).output();

async function programOf(file: Uint8Array<ArrayBuffer>, system?: string): Promise<Program> {
  const hash = new Uint8Array(await crypto.subtle.digest("SHA-256", file)).toHex();
  return {
    hash,
    byteCount: file.length,
    system: system ?? new TextDecoder().decode(uname).trim(),
    version: "9.9.9",
  };
}

interface SetUp {
  readonly output: string;
  /** What the host asked for. */
  readonly asked: readonly string[];
}

/** Runs the command as sshd would, and sends what it asks for; then "hello", and the end. */
async function setUp(
  home: TempFolder,
  program: Program,
  environment: Record<string, string> = {},
  shell = "sh",
): Promise<SetUp> {
  const child = new Deno.Command(shell, {
    args: ["-c", setupCommand(program)],
    env: { HOME: home.path, PATH: Deno.env.get("PATH")!, ...environment },
    clearEnv: true,
    stdin: "piped",
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
  const input = child.stdin.getWriter();
  const asked: string[] = [];
  let output = "";
  let seen = 0;
  for await (const text of child.stdout.pipeThrough(new TextDecoderStream())) {
    output += text;
    const lines = output.split("\n");
    for (; seen < lines.length - 1; seen++) {
      const word = /^hayate-setup (\w+)/.exec(lines[seen])?.[1];
      if (word === "packed" || word === "plain") {
        asked.push(word);
        const file = word === "plain" ? bytes : await gzip(bytes);
        await input.write(new TextEncoder().encode(`${file.length}\n`));
        await input.write(file);
      } else if (word === "ready") {
        await input.write(new TextEncoder().encode("hello\n"));
        await input.close();
      }
    }
  }
  await child.status;
  await input.close().catch(() => {});
  return { output, asked };
}

async function gzip(file: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer>> {
  const packed = new Blob([file]).stream().pipeThrough(new CompressionStream("gzip"));
  return new Uint8Array(await new Response(packed).arrayBuffer());
}

for (const shell of ["sh", "bash", "zsh", "fish"]) {
  const missing = findPeer(shell) === null ? [shell] : [];
  testThatNeeds(
    missing,
    `the program is copied once, where the user's shell is ${shell}`,
    async () => {
      await using home = await tempFolder();
      const program = await programOf(bytes);
      const path = `${home.path}/.cache/hayate/hayate-${program.hash.slice(0, 16)}`;
      const first = await setUp(home, program, {}, shell);
      assertEquals(first, {
        output: `hayate-setup packed\nhayate-setup ready ${path}\njoined load join\nhello\n`,
        asked: ["packed"],
      });
      const mode = (await Deno.stat(path)).mode! & 0o777;
      assertEquals([await Deno.readTextFile(path), mode], [source, 0o700]);
      assertEquals((await setUp(home, program, {}, shell)).asked, []);
      // A copy that was cut off, or changed, is replaced.
      await Deno.writeTextFile(path, "#!/bin/sh\necho hayate 9.9.9\n");
      assertEquals((await setUp(home, program, {}, shell)).asked, ["packed"]);
      assertEquals(await Deno.readTextFile(path), source);
      const names = Array.from(Deno.readDirSync(`${home.path}/.cache/hayate`), ({ name }) => name);
      assertEquals(names, [path.slice(path.lastIndexOf("/") + 1)]);
    },
  );
}

Deno.test("another system is said, unless it has the same version of its own", async () => {
  await using home = await tempFolder();
  const program = await programOf(bytes, "Linux sparc");
  const system = new TextDecoder().decode(uname).trim();
  const path = `${home.path}/bin:${Deno.env.get("PATH")}`;
  const { output } = await setUp(home, program, { PATH: path });
  assertEquals(output, `hayate-setup system ${system}\n`);
  await home.write("bin/hayate", source, 0o755);
  const installed = await setUp(home, program, { PATH: path });
  assertEquals(installed.output, "hayate-setup ready hayate\njoined load join\nhello\n");
});

Deno.test("a program that does not run there is said, and not kept", async () => {
  await using home = await tempFolder();
  const broken = new TextEncoder().encode("#!/bin/sh\necho no such library >&2; exit 1\n");
  const program = await programOf(broken);
  const child = new Deno.Command("sh", {
    args: ["-c", setupCommand(program)],
    env: { HOME: home.path },
    stdin: "piped",
    stdout: "piped",
  }).spawn();
  const input = child.stdin.getWriter();
  const packed = await gzip(broken);
  await input.write(new TextEncoder().encode(`${packed.length}\n`));
  await input.write(packed);
  const { stdout } = await child.output();
  await input.close().catch(() => {});
  assertMatch(new TextDecoder().decode(stdout), /\nhayate-setup fails no such library\n$/);
  assertEquals(Array.from(Deno.readDirSync(`${home.path}/.cache/hayate`)), []);
});

Deno.test("folders that cannot hold the program are passed over", async () => {
  await using home = await tempFolder();
  // A file where the folder should be.
  await home.write(".cache", "");
  const program = await programOf(bytes);
  const name = `hayate-${program.hash.slice(0, 16)}`;
  const { output } = await setUp(home, program);
  const place = /hayate-setup ready (\S+)\n/.exec(output)?.[1] ?? "";
  assertMatch(
    output,
    /^hayate-setup no \S+\/\.cache\/hayate: cannot be written\nhayate-setup packed\n/,
  );
  assertEquals(place, `/var/tmp/hayate-${Deno.uid()}/${name}`);
  await Deno.remove(place);
});

const mayMount = await new Deno.Command("unshare", { args: ["-m", "true"], stderr: "null" })
  .output()
  .then(({ success }) => success, () => false);

testThatNeeds(mayMount ? [] : ["unshare -m"], "noexec and a full disk are found out", async () => {
  await using home = await tempFolder();
  const program = await programOf(bytes);
  await Deno.mkdir(`${home.path}/.cache`);
  for (
    const [options, fault] of [
      ["size=4m,noexec", "nothing can be executed there"],
      ["size=64k", "not enough space"],
    ]
  ) {
    const mount = `mount -t tmpfs -o ${options} none ${home.path}/.cache && `;
    const child = new Deno.Command("unshare", {
      args: ["-m", "sh", "-c", mount + setupCommand(program)],
      env: { HOME: home.path },
      stdin: "null",
      stdout: "piped",
      stderr: "null",
    }).spawn();
    const output = new TextDecoder().decode((await child.output()).stdout);
    assertEquals(output.split("\n")[0], `hayate-setup no ${home.path}/.cache/hayate: ${fault}`);
  }
});
