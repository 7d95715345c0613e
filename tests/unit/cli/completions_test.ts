import { assert, assertEquals } from "@std/assert";
import { renderCompletions } from "../../../mod/cli/completions.ts";
import { peerPath, peerTest } from "../../support/peers.ts";
import { assertSnapshot } from "../../support/snapshot.ts";
import { sampleModes } from "./sample_table.ts";

for (const shell of ["bash", "zsh", "fish"] as const) {
  Deno.test(`renderCompletions() writes the ${shell} script`, () => {
    assertSnapshot(import.meta.url, `completions.${shell}`, renderCompletions(shell, sampleModes));
  });
}

/** Runs the bash script's function on a command line and returns what it offers. */
async function offered(line: readonly string[]): Promise<string[]> {
  const words = line.map((word) => `'${word}'`).join(" ");
  const script = `${renderCompletions("bash", sampleModes)}
COMP_WORDS=(${words}); COMP_CWORD=${line.length - 1}; _hayate; printf '%s\\n' "\${COMPREPLY[@]}"`;
  const { stdout } = await new Deno.Command("bash", {
    args: ["--norc", "-c", script],
    stderr: "null",
  }).output();
  return new TextDecoder().decode(stdout).trim().split("\n");
}

Deno.test("renderCompletions() in bash offers modes, flags, subcommands and choices", async () => {
  assertEquals(await offered(["hayate", "sa"]), ["sample"]);
  assertEquals(await offered(["hayate", "sample", "--con"]), ["--connections"]);
  assertEquals(await offered(["hayate", "sample", "pl"]), ["plot"]);
  assertEquals(await offered(["hayate", "sample", "plot", "--o"]), ["--output"]);
  assertEquals(await offered(["hayate", "sample", "--chunked", "a"]), ["auto", "always"]);
  assertEquals(await offered(["hayate", "help", "sample", "s"]), ["signals"]);
  assertEquals(await offered(["hayate", "completions", ""]), ["bash", "zsh", "fish"]);
  assert(!(await offered(["hayate", "sample", "--"])).includes("--old-name"));
});

peerTest("zsh", "renderCompletions() writes zsh that zsh can parse", async () => {
  const folder = await Deno.makeTempDir();
  try {
    await Deno.writeTextFile(`${folder}/_hayate`, renderCompletions("zsh", sampleModes));
    const script = `fpath=(${folder} $fpath); autoload -Uz compinit; compinit -u -d ${folder}/dump
      autoload +X _hayate && [[ $_comps[hayate] == _hayate ]] && echo registered`;
    const args = ["-f", "-c", script];
    const { stdout, stderr } = await new Deno.Command(peerPath("zsh"), { args }).output();
    assertEquals(new TextDecoder().decode(stderr), "");
    assertEquals(new TextDecoder().decode(stdout).trim(), "registered");
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

peerTest(
  "fish",
  "renderCompletions() in fish offers modes, flags, subcommands and choices",
  async () => {
    const home = await Deno.makeTempDir();
    try {
      const file = `${home}/hayate.fish`;
      await Deno.writeTextFile(file, renderCompletions("fish", sampleModes));
      const lines = [
        "hayate sa",
        "hayate sample --con",
        "hayate sample pl",
        "hayate sample --chunked a",
        "hayate help sample s",
      ];
      const script = `source ${file}; ${
        lines.map((line) => `complete -C '${line}'; echo ==`).join("; ")
      }`;
      const args = ["--no-config", "-c", script];
      const env = { HOME: home, XDG_CONFIG_HOME: home, XDG_DATA_HOME: home };
      const { stdout } = await new Deno.Command(peerPath("fish"), { args, env, stderr: "null" })
        .output();
      const answers = new TextDecoder().decode(stdout).split("==\n").map((each) =>
        each.trim().split("\n").map((line) => line.split("\t")[0])
      );
      assertEquals(answers.slice(0, 5), [["sample"], ["--connections"], ["plot"], [
        "always",
        "auto",
      ], ["signals"]]);
    } finally {
      await Deno.remove(home, { recursive: true });
    }
  },
);
