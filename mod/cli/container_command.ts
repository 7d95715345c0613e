/** What the words behind `supervise` mean, which is the entry point of the image. Pure. */

/** First words that are this program's own and serve nobody. */
const ownWords = ["load", "doctor", "supervise", "help", "version", "completions"];

/** Words behind a serving mode that make it answer a question and end. */
const questions: Readonly<Record<string, { readonly first: string; readonly flags: RegExp }>> = {
  proxy: {
    first: "ctl",
    flags: /^(-t|--test|-m|--mode|--mode=test|-h|--help|-v|-V|--version)$/,
  },
  serve: { first: "status", flags: /^(-h|--help|-v|-V|--version)$/ },
};

/**
 * True when `hayate supervise ARGV...` means `hayate ARGV...`: a mode or a subcommand that does its work and
 * ends, so that `docker run IMAGE doctor` works as `docker run IMAGE proxy` does. Behind `--`, or with
 * options in front, the words are a command to supervise.
 */
export function isUnsupervised(argv: readonly string[]): boolean {
  const [word, ...rest] = argv;
  if (word === undefined) return false;
  if (ownWords.includes(word)) return true;
  if (!Object.hasOwn(questions, word)) return false;
  const { first, flags } = questions[word];
  return rest[0] === first || rest.some((each) => flags.test(each));
}
