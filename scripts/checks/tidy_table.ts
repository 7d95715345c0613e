/** The style check as data: what is banned, what to use instead, and which files are exempt. */

/** Hard cap on a file's lines; reviewed above 400. */
export const fileLinesMax = 600;
/** Hard cap on a function's lines. */
export const functionLinesMax = 70;

/** Exempt from the length cap: data tables are used for look-ups and may be long. */
export const longFiles: readonly string[] = [];

/** `path name` of each function above the cap, with the reason, such as a codec's state machine. */
export const longFunctions: ReadonlyMap<string, string> = new Map([]);

/** A banned syntax element: a member (`Deno.test.only`) or a kind of node. */
export interface BannedName {
  readonly name: string;
  readonly instead: string;
  /** Only under these paths; everywhere when absent. */
  readonly under?: readonly string[];
  /** Allowed under these paths. */
  readonly except?: readonly string[];
}

/** Member expressions by their full spelling. */
export const bannedMembers: readonly BannedName[] = [
  { name: "Deno.test.only", instead: "Deno.test: the others must run too" },
  { name: "Deno.test.ignore", instead: "peerTest of tests/support/peers.ts, or mend the test" },
  {
    name: "console.log",
    instead: "the text goes to main.ts or a report, a log line to mod/log",
    under: ["mod/"],
    except: ["mod/log/"],
  },
  {
    name: "console.error",
    instead: "mod/log or a StartError",
    under: ["mod/"],
    except: ["mod/log/"],
  },
  { name: "console.warn", instead: "mod/log", under: ["mod/"], except: ["mod/log/"] },
  {
    name: "Date.now",
    instead: "a clock that is passed in",
    under: ["mod/http/", "mod/http1/", "mod/http2/", "mod/base/"],
  },
];

/** Types that make a libc call cost a microsecond instead of tens of nanoseconds (mod/README.md). */
export const slowForeignTypes: readonly string[] = ["usize", "isize", "u64", "i64"];

/**
 * Folders with per-connection or per-request objects. With a parameter property, the compiler
 * initializes every field of the class as undefined, and V8 then boxes each number that is not a
 * small integer: storing a time took 30 ns instead of 4.
 */
export const hotFolders: readonly string[] = [
  "mod/base/timer_wheel.ts",
  "mod/conn/",
  "mod/http/",
  "mod/http1/",
  "mod/http2/",
  "mod/load/",
  "mod/metrics/",
  "mod/net/",
  "mod/proxy/engine/",
  "mod/serve/fetch/",
  "mod/static/",
  "mod/tls/",
];

/** Calls at start-up and for control, and those of file_calls: one per 64 KB. */
export const slowCallFiles: readonly string[] = [
  "mod/sys/file_calls.ts",
  "mod/sys/libc_process.ts",
  "mod/sys/shared_memory.ts",
];

/** Folder and file names that do not describe their contents. */
export const emptyNames: readonly string[] = [
  "util",
  "utils",
  "helper",
  "helpers",
  "common",
  "misc",
];

/** Hard cap on the files of one folder of mod/. */
export const folderFilesMax = 25;

/** The folders of tests/e2e: one per mode, several modes, the command line, the scripts. */
export const e2eFolders: readonly string[] = [
  ...["load", "serve", "supervise", "proxy", "doctor"],
  ...["modes", "cli", "scripts"],
];

/** What a folder of tests/unit mirrors when it is not a folder of mod/. */
export const unitRoots: Readonly<Record<string, string>> = {
  scripts: "scripts",
  support: "tests/support",
  ci: ".ci",
};

/** Text banned in every file, including comments. Split up here, so that this file passes. */
export const bannedText: readonly { pattern: RegExp; what: string; instead: string }[] = [
  {
    pattern: new RegExp(`\\b(${["TO", "DO"].join("")}|${["FIX", "ME"].join("")}|X{3})\\b`),
    what: "a note to do something later",
    instead: "do it, or file an issue",
  },
  {
    pattern: new RegExp(`(^|[\\s"'\`(=])/${"work"}/`),
    what: "a path of one machine",
    instead: "a path relative to the checkout",
  },
  {
    pattern: new RegExp(
      [
        "registry\\.npm" + "js\\.org",
        "registry\\.yarn" + "pkg\\.com",
        "deb\\.deb" + "ian\\.org",
        "\\bnpm\\.js" + "r\\.io",
        "py" + "pi\\.org",
      ].join("|"),
    ),
    what: "a registry's host name",
    instead: "the package's name; the client knows its registry",
  },
  {
    pattern: new RegExp(`deno-${"lint"}-ignore(-file)?.*\\bhayate-`),
    what: "a check of ours switched off",
    instead: "mend it, or name the exception in scripts/checks",
  },
];
