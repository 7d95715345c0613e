/** Interprets the words after `supervise`, the entry point of the container image. Pure. */

/** First words that name a command of ours that does not serve. */
const ownWords = ["load", "doctor", "health", "supervise", "help", "version", "completions"];

/** Arguments of a serving mode that make it print something and exit. */
const questions: Readonly<Record<string, { readonly first: string; readonly flags: RegExp }>> = {
  proxy: {
    first: "ctl",
    flags: /^(-t|--test|--print-config|-m|--mode|--mode=test|-h|--help|-v|-V|--version)$/,
  },
  serve: { first: "status", flags: /^(-h|--help|-v|-V|--version)$/ },
};

/**
 * True when `hayate supervise ARGV...` means `hayate ARGV...`: a mode or a subcommand that does its
 * work and exits, so that `docker run IMAGE doctor` works like `docker run IMAGE proxy`. After `--`
 * or after options, the words are a command to supervise.
 */
export function isUnsupervised(argv: readonly string[]): boolean {
  const [word, ...rest] = argv;
  if (word === undefined) return false;
  if (ownWords.includes(word)) return true;
  if (!Object.hasOwn(questions, word)) return false;
  const { first, flags } = questions[word];
  return rest[0] === first || rest.some((each) => flags.test(each));
}
