/** `hayate build`: puts an app into a copy of this program. */
import { exitCodes, StartError } from "../base/errors.ts";
import { defineTable, type Mode, readOptions } from "../cli/mod.ts";
import { standardSink } from "../log/mod.ts";
import { ownSection } from "../script/built/section.ts";
import { basename } from "../std/path.ts";
import { includedFiles } from "./included_files.ts";
import { linkApp } from "./link_app.ts";
import { writeProgram } from "./write_program.ts";

const buildTable = defineTable({
  command: "hayate build",
  summary: "puts an app into a copy of this program, which then serves it",
  usage: ["[--include DIR]... [-o FILE] APP"],
  description: [
    "FILE is one executable with the app, its packages and the files of each DIR in it. It takes the " +
    "flags of hayate serve and needs nothing else: no node_modules, no network, no hayate.",
    "The app finds included files by import.meta.dirname, import.meta.url or __dirname. At the first " +
    "start they are unpacked to $XDG_CACHE_HOME/hayate/built (~/.cache), or else to the temporary " +
    "folder. Native packages cannot be built in, nor can names of modules that are put together at " +
    "run time.",
  ],
  operands: { name: "APP", min: 1, max: 1, help: "The app, as for hayate serve." },
  options: [
    {
      long: "output",
      short: "o",
      kind: "string",
      placeholder: "FILE",
      defaultText: "APP without its extension",
      help: "The executable; replaced if it exists.",
    },
    {
      long: "include",
      kind: "string",
      repeat: true,
      placeholder: "DIR",
      help: "Put the files of DIR in, too, or one file; may be repeated.",
    },
  ],
  examples: [
    { run: "hayate build app.ts -o app && ./app --port 8080", about: "build and run" },
    { run: "hayate build --include build/client build/index.js", about: "an app of SvelteKit" },
    { run: "./app supervise --port 80 -- serve", about: "deploy it without losing a request" },
  ],
  exitCodes: [
    { code: 1, meaning: "the executable cannot be written" },
    { code: 78, meaning: "the app cannot be linked" },
  ],
});

export const buildMode: Mode = {
  name: "build",
  summary: buildTable.summary,
  table: buildTable,
  async run(argv): Promise<number> {
    const { values, operands: [app] } = readOptions(buildTable, argv);
    if (!Deno.build.standalone) throw new StartError("build needs the compiled hayate");
    if (ownSection() !== null) throw new StartError("this program has an app in it: use hayate");
    const output = values.output ?? basename(app).replace(/\.[^.]+$/, "");
    const { root, ...linked } = await linkApp(app);
    const files = await includedFiles(values.include, root);
    await writeProgram(output, linked, files, root);
    const out = standardSink("stdout");
    out.buffer.text(`wrote ${output} (${describe(linked.code.length, files)})\n`);
    out.endLine();
    await out.close();
    return exitCodes.ok;
  },
};

function describe(codeBytes: number, files: readonly { readonly bytes: number }[]): string {
  const code = `${size(codeBytes)} of code`;
  if (files.length === 0) return code;
  const total = files.reduce((sum, { bytes }) => sum + bytes, 0);
  return `${code}, ${files.length} files with ${size(total)}`;
}

function size(bytes: number): string {
  return bytes < 1e6 ? `${Math.ceil(bytes / 1e3)} kB` : `${(bytes / 1e6).toFixed(1)} MB`;
}
