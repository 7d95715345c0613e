/** The style gate as data: what is banned, what takes its place, and which files are let off by name. */

/** Hard cap on a file's lines; reviewed above 400. */
export const fileLinesMax = 600;
/** Hard cap on a function's lines. */
export const functionLinesMax = 70;

/** Data tables may be long: they are read by looking things up. */
export const longFiles: readonly string[] = [];

/** `path name` of each function above the cap, with its reason: a codec's state machine and its like. */
export const longFunctions: ReadonlyMap<string, string> = new Map([]);

/** Something banned in the syntax tree: a member (`Deno.test.only`) or a kind of node. */
export interface BannedName {
  readonly name: string;
  readonly instead: string;
  /** Only under these paths; everywhere when absent. */
  readonly under?: readonly string[];
  /** Let off under these paths. */
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
  { name: "Date.now", instead: "a clock that is passed in", under: ["mod/http1/", "mod/base/"] },
];

/** Types that make a libc call cost a microsecond in place of tens of nanoseconds (mod/README.md). */
export const slowForeignTypes: readonly string[] = ["usize", "isize", "u64", "i64"];

/**
 * Where objects live for each connection or request. With a parameter property the compiler has every
 * field of the class begin as undefined, and V8 then keeps each number that is no small integer in an
 * object of its own: a store of a time took 30 ns in place of 4.
 */
export const hotFolders: readonly string[] = [
  "mod/base/timer_wheel.ts",
  "mod/conn/",
  "mod/http1/",
  "mod/load/",
  "mod/metrics/",
  "mod/net/",
  "mod/proxy/engine/",
  "mod/serve/fetch/",
  "mod/static/",
  "mod/tls/",
];

/** Calls of start-up and control, and those of file_calls: one for each 64 KB. */
export const slowCallFiles: readonly string[] = [
  "mod/sys/file_calls.ts",
  "mod/sys/libc_process.ts",
  "mod/sys/shared_memory.ts",
];

/** Folder and file names that say nothing about what is inside. */
export const emptyNames: readonly string[] = [
  "util",
  "utils",
  "helper",
  "helpers",
  "common",
  "misc",
];

/** Text banned in every file of the tree, comments included. Spelled apart, so that this file passes. */
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
