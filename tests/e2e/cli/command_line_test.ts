/** The command line of the built program: help, versions, wrong usage, and how failures are shown. */
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { version } from "../../../mod/base/version.ts";
import { binaryPath, root, runHayate, runProgram } from "../../support/binary.ts";
import { tempFolder } from "../../support/ports.ts";

const modes = ["load", "serve", "supervise", "proxy", "doctor", "build"] as const;

/** A stack frame, a Rust backtrace, or the class of an error: useless to a user. */
const stackPattern =
  /^\s+at |\.ts:\d+|file:\/\/|stack backtrace|panicked|Uncaught|^(Type|Reference|Range)?Error:/m;

function assertNoStack(text: string): void {
  assert(!stackPattern.test(text), `a stack trace reached the user:\n${text}`);
}

for (const mode of modes) {
  Deno.test(`hayate ${mode} --help shows usage and examples and exits with 0`, async () => {
    const { code, stdout, stderr } = await runHayate([mode, "--help"]);
    assertEquals([code, stderr], [0, ""]);
    assertMatch(stdout, new RegExp(`^Usage: hayate ${mode} `, "m"));
    assertMatch(stdout, new RegExp(`^Examples:\\n(?:.*\\n)*?.*hayate ${mode}`, "m"));
    assertStringIncludes(stdout, "--version");
    for (const line of stdout.split("\n")) assert(line.length <= 100, `too long: ${line}`);
  });

  Deno.test(`hayate help ${mode} contains everything that --help prints`, async () => {
    const [long, short] = await Promise.all([
      runHayate(["help", mode]),
      runHayate([mode, "--help"]),
    ]);
    assertEquals(long.stdout.slice(0, short.stdout.length), short.stdout);
  });

  Deno.test(`hayate ${mode} --version is hayate's version`, async () => {
    const { code, stdout } = await runHayate([mode, "--version"]);
    assertEquals([code, stdout], [0, `hayate ${version}\n`]);
  });

  Deno.test(`hayate ${mode} suggests the nearest flag for an unknown one and exits with 2`, async () => {
    const { code, stdout, stderr } = await runHayate([mode, "--versoin"]);
    assertEquals([code, stdout], [2, ""]);
    assertStringIncludes(
      stderr,
      `hayate ${mode}: unknown flag --versoin: did you mean --version?\n`,
    );
    assertNoStack(stderr);
  });
}

Deno.test("hayate --help names every mode", async () => {
  const { code, stdout } = await runHayate(["--help"]);
  assertEquals(code, 0);
  for (const mode of modes) assertMatch(stdout, new RegExp(`^  ${mode} +\\S`, "m"));
});

Deno.test("hayate without a mode shows the help on stderr and exits with 2", async () => {
  const { code, stdout, stderr } = await runHayate([]);
  assertEquals([code, stdout], [2, ""]);
  assertStringIncludes(stderr, "Usage: hayate MODE");
});

Deno.test("hayate --version, -v, -V and version agree", async () => {
  for (const word of ["--version", "-v", "-V", "version"]) {
    assertEquals((await runHayate([word])).stdout, `hayate ${version}\n`);
  }
});

Deno.test("hayate suggests the nearest mode for an unknown one and exits with 2", async () => {
  const { code, stderr } = await runHayate(["laod"]);
  assertEquals(code, 2);
  assertEquals(stderr, "hayate: unknown mode laod: did you mean load?\nsee hayate --help\n");
});

Deno.test("hayate called as start_server is the supervisor", async () => {
  await using folder = await tempFolder();
  const link = `${folder.path}/start_server`;
  await Deno.symlink(binaryPath, link);
  const { code, stdout } = await runProgram(link, ["--help"]);
  assertEquals(code, 0);
  assertStringIncludes(stdout, "Usage: hayate supervise");
});

for (const shell of ["bash", "zsh", "fish"]) {
  Deno.test(`hayate completions ${shell} prints a script that knows every mode`, async () => {
    const { code, stdout } = await runHayate(["completions", shell]);
    assertEquals(code, 0);
    for (const mode of modes) assertStringIncludes(stdout, mode);
    assertStringIncludes(stdout, "connections");
  });
}

Deno.test("hayate help man prints a man page with every mode", async () => {
  const { code, stdout } = await runHayate(["help", "man"]);
  assertEquals([code, stdout.startsWith(".TH HAYATE 1")], [0, true]);
  for (const mode of modes) assertStringIncludes(stdout, `.SH "HAYATE ${mode.toUpperCase()}"`);
});

Deno.test("hayate help shows each topic that a mode lists", async () => {
  for (const mode of modes) {
    const { stdout } = await runHayate(["help", mode]);
    const list = /^Topics .*:\n((?: {2}.+\n)+)/m.exec(stdout)?.[1] ?? "";
    for (const line of list.split("\n").filter((each) => each !== "")) {
      const topic = line.trim().split(/\s+/)[0] as string;
      const shown = await runHayate(["help", mode, topic]);
      assertEquals(shown.code, 0, `${mode} ${topic}`);
      assert(shown.stdout.length > 100, `${mode} ${topic} says too little`);
    }
  }
});

Deno.test("hayate help lists the topics for an unknown one", async () => {
  const { code, stderr } = await runHayate(["help", "load", "nosuchtopic"]);
  assertEquals(code, 2);
  assertMatch(stderr, /^hayate: load has no topic nosuchtopic/);
});

/** Wrong usage and failures at start: one line and no stack. */
const failures: readonly { name: string; argv: string[]; code: number; says: RegExp }[] = [
  { name: "load without URL", argv: ["load"], code: 2, says: /URL/ },
  {
    name: "load with a bad number",
    argv: ["load", "-c", "abc", "http://127.0.0.1/"],
    code: 2,
    says: /-c abc: not a/,
  },
  { name: "load with an unusable URL", argv: ["load", "ftp://127.0.0.1/"], code: 2, says: /ftp/ },
  {
    name: "load with a header without colon",
    argv: ["load", "-H", "abc", "http://127.0.0.1/"],
    code: 2,
    says: /-H abc/,
  },
  {
    name: "load with a line feed in a header",
    argv: ["load", "-H", "A: b\nc: d", "http://127.0.0.1/"],
    code: 2,
    says: /-H/,
  },
  {
    name: "load with a missing URL file",
    argv: ["load", "--urls", "/nonexistent/urls", "http://127.0.0.1/"],
    code: 1,
    says: /\/nonexistent\/urls/,
  },
  {
    name: "load with a missing body file",
    argv: ["load", "--body-file", "/nonexistent/body", "http://127.0.0.1/"],
    code: 1,
    says: /\/nonexistent\/body/,
  },
  {
    name: "load with an unknown host",
    argv: ["load", "-d", "1", "http://no-such-host.invalid/"],
    code: 1,
    says: /no-such-host\.invalid/,
  },
  { name: "serve without anything to serve", argv: ["serve"], code: 2, says: /--text/ },
  {
    name: "serve of a missing app",
    argv: ["serve", "/nonexistent/app.js"],
    code: 78,
    says: /\/nonexistent\/app\.js/,
  },
  {
    name: "serve on a port beyond 65535",
    argv: ["serve", "--port", "70000", "--text", "x"],
    code: 2,
    says: /--port 70000/,
  },
  {
    name: "supervise of a bad port",
    argv: ["supervise", "--port", "80x", "true"],
    code: 2,
    says: /80x/,
  },
  {
    name: "proxy with a missing config",
    argv: ["proxy", "-c", "/nonexistent/h2o.conf"],
    code: 78,
    says: /\/nonexistent\/h2o\.conf/,
  },
  {
    name: "proxy with two wrong flags",
    argv: ["proxy", "--one", "--two"],
    code: 2,
    says: /--one[^]*--two/,
  },
];
for (const { name, argv, code, says } of failures) {
  Deno.test(`${name} is reported in plain lines and exits with ${code}`, async () => {
    const result = await runHayate(argv);
    assertMatch(result.stderr, says);
    assertNoStack(result.stderr + result.stdout);
    assertEquals(result.code, code, result.stderr);
    for (const line of result.stderr.trimEnd().split("\n")) {
      assertMatch(
        line,
        /^(hayate|see hayate|\S+ \[\w+\]|\d{4}[-/])/,
        `a line without its speaker: ${line}`,
      );
    }
  });
}

Deno.test("a port in use is an error in one clear line with exit code 1", async () => {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr as Deno.NetAddr;
  try {
    const argv = ["serve", "--host", "127.0.0.1", "--port", String(port), "--text", "x"];
    const { code, stderr } = await runHayate(argv);
    assertEquals(code, 1);
    assertStringIncludes(stderr, `127.0.0.1:${port}`);
    assertMatch(stderr, /in use/);
    assertNoStack(stderr);
  } finally {
    listener.close();
  }
});

Deno.test("a wrong directive is an error in one line with its location and what is allowed, exit code 78", async () => {
  await using folder = await tempFolder();
  const file = await folder.write(
    "h2o.conf",
    "listen: 0\nhosts:\n  default:\n    paths:\n      /:\n        fil.dir: /\n",
  );
  const { code, stderr } = await runHayate(["proxy", "-t", "-c", file]);
  assertEquals(code, 78);
  assertMatch(stderr, /h2o\.conf:6.*fil\.dir.*file\.dir/);
  assertNoStack(stderr);
});

Deno.test("HAYATE_DEBUG=1 shows the otherwise hidden stack", async () => {
  const { stderr } = await runHayate(["laod"], { env: { HAYATE_DEBUG: "1" } });
  assertMatch(stderr, stackPattern);
});

Deno.test("help ends quietly when stdout is closed", async () => {
  const script = `"${binaryPath}" --help | head -n 1; echo "\${PIPESTATUS[0]}"; exec 3>&1
    "${binaryPath}" help man | true; "${binaryPath}" load --help >&- ; true`;
  const { stdout, stderr } = await runProgram("bash", ["-c", script]);
  assertMatch(stdout, /^hayate .*\n(0|141)\n/);
  assertEquals(stderr, "");
});

Deno.test("no unexpected word makes the program print a stack", async () => {
  const words = [
    "-",
    "--",
    "",
    "%00",
    "--=",
    "-=",
    "---",
    "--help=yes",
    "\u{1f600}",
    "x".repeat(5000),
    "a\nb",
  ];
  for (const [index, word] of words.entries()) {
    const mode = modes[index % modes.length] as string;
    for (const argv of [[word], ["help", word], ["completions", word], [mode, "--zz", word]]) {
      const { code, stderr, stdout } = await runHayate(argv);
      assertNoStack(stderr + stdout);
      assert(code === 0 || code === 2, `${argv.join(" ")}: exit code ${code}\n${stderr}`);
    }
  }
});

Deno.test("--help contains no path of the machine that built the program", async () => {
  for (const argv of [["--help"], ...modes.map((mode) => [mode, "--help"])]) {
    assert(!(await runHayate(argv)).stdout.includes(root));
  }
});

Deno.test("hayate leaves nothing in the temporary folder and trusts nothing in it", async () => {
  await using folder = await tempFolder();
  const env = { TMPDIR: folder.path };
  for (let run = 0; run < 2; run++) {
    assertEquals((await runHayate(["help", "serve"], { env })).code, 0);
  }
  assertEquals([...Deno.readDirSync(folder.path)], []);
});
