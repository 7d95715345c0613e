/** `hayate load plot`, `compare` and `merge`: loaded only when used. */
import { exitCodes } from "../base/errors.ts";
import { standardChannel } from "./fleet/wire/byte_channel.ts";
import { readThreshold } from "./options/option_values.ts";
import { defineTable, readOptions, type Subcommand } from "../cli/mod.ts";

const plotTable = defineTable({
  command: "hayate load plot",
  summary: "draw the runs of JSON reports side by side",
  usage: ["A.json B.json ... -o out.svg|out.html"],
  description: [
    "A bar for each run's requests per second, and the runs' curves over time and by percentile " +
    "in shared charts. Bars are named after their files.",
  ],
  operands: {
    name: "FILE",
    min: 1,
    max: 100,
    help: "Reports written by hayate load --json.",
  },
  options: [
    {
      long: "output",
      short: "o",
      kind: "string",
      placeholder: "FILE",
      required: true,
      help: "Output file: .svg or .html, or - for SVG on stdout.",
    },
    {
      long: "title",
      kind: "string",
      default: "Requests per second",
      help: "Title of the chart.",
    },
  ],
  examples: [
    {
      run: "hayate load plot tcp.json unix.json -o compare.svg",
      about: "TCP against a unix socket",
    },
  ],
});

const compareTable = defineTable({
  command: "hayate load compare",
  summary: "compare two JSON reports; exit 3 on a regression",
  usage: ["[options] BASE.json NEW.json"],
  description: [
    "Compares the medians of the runs on both sides. With two runs or more a side (--repeat) the " +
    "95 % confidence interval of the ratio comes from resampling the runs, and a difference counts " +
    "only when the whole interval is beyond the tolerance. With a single run a side only the ratio " +
    "is compared, and the table notes that noise is unknown.",
  ],
  operands: { name: "FILE", min: 2, max: 2, help: "The base and the new report." },
  options: [
    {
      long: "tolerance",
      kind: "number",
      default: 5,
      min: 0,
      max: 1000,
      placeholder: "PERCENT",
      help: "Changes up to this are not regressions.",
    },
  ],
  examples: [
    {
      run: "hayate load compare base.json new.json",
      about: "both written by hayate load --repeat 5 --json FILE",
    },
  ],
  exitCodes: [
    { code: 0, meaning: "no regression" },
    { code: 3, meaning: "a regression in one figure or more" },
  ],
});

const mergeTable = defineTable({
  command: "hayate load merge",
  summary: "merge the JSON reports of several machines into one, exactly",
  usage: ["[options] A.json B.json ...", "[options] < REPORTS"],
  description: [
    "Without files, or with -, reads reports from standard input, one after another, such as " +
    "`docker service logs --raw` prints them. Prints wrk's block of the sum on stdout with -o FILE, " +
    "else on stderr beside the report.",
    "Histograms and counters are added, so percentiles are those of all requests together, not " +
    "averages of percentiles. Run n is merged with run n. Start the machines together: --start-at. " +
    "Of the percentiles per second only the worst machine's can be kept.",
  ],
  operands: {
    name: "FILE",
    min: 0,
    max: 1000,
    help: "Reports written by hayate load --json; - is standard input.",
  },
  options: [
    {
      long: "fail-if",
      kind: "parsed",
      parse: readThreshold,
      placeholder: "'p99>5ms'",
      repeat: true,
      help: "Exit 3 if this condition holds for the sum, as with hayate load.",
    },
    {
      long: "output",
      short: "o",
      kind: "string",
      placeholder: "FILE|-",
      default: "-",
      help: "The merged report.",
    },
  ],
  examples: [
    {
      run: "hayate load merge host1.json host2.json -o all.json",
      about: "then compare or plot it like any other report",
    },
    {
      run: "docker service logs --raw load | hayate load merge --fail-if 'p99>50ms' -o all.json",
      about: "each task with --json - and -q",
    },
  ],
  exitCodes: [{ code: 3, meaning: "a condition of --fail-if holds" }],
});

const joinTable = defineTable({
  command: "hayate load join",
  summary: "the machine's end of hayate load --on, which starts it",
  usage: ["[--relay FILE]"],
  options: [
    {
      long: "relay",
      kind: "string",
      placeholder: "FILE",
      help: "Reach the coordinator through a relay, of which FILE tells; default: standard input.",
    },
  ],
  examples: [],
});

const relayTable = defineTable({
  command: "hayate load relay",
  summary: "leads from standard input and output to the tasks of hayate load --on swarm",
  usage: [""],
  options: [],
  examples: [],
});

export const subcommands: readonly Subcommand[] = [
  {
    name: "plot",
    table: plotTable,
    async run(argv) {
      const { values, operands } = readOptions(plotTable, argv);
      const { plot } = await import("./report/plot.ts");
      await plot(values.title, values.output, operands);
      return exitCodes.ok;
    },
  },
  {
    name: "compare",
    table: compareTable,
    async run(argv) {
      const { values, operands } = readOptions(compareTable, argv);
      const { compare } = await import("./report/compare.ts");
      const isFine = compare(operands[0], operands[1], values.tolerance / 100);
      return isFine ? exitCodes.ok : exitCodes.threshold;
    },
  },
  {
    name: "merge",
    table: mergeTable,
    async run(argv) {
      const { values, operands } = readOptions(mergeTable, argv);
      const { merge } = await import("./report/merge.ts");
      const { output, failIf } = values;
      const isFine = await merge({ paths: operands, target: output, thresholds: failIf });
      return isFine ? exitCodes.ok : exitCodes.threshold;
    },
  },
  {
    name: "join",
    isHidden: true,
    table: joinTable,
    async run(argv) {
      const { relay } = readOptions(joinTable, argv).values;
      if (relay === null) {
        const { join } = await import("./fleet/join/join.ts");
        return await join(standardChannel());
      }
      const { joinThroughRelay } = await import("./fleet/join/join_through_relay.ts");
      return await joinThroughRelay(relay);
    },
  },
  {
    name: "relay",
    isHidden: true,
    table: relayTable,
    async run(argv) {
      readOptions(relayTable, argv);
      const { relay } = await import("./fleet/relay/relay.ts");
      return await relay(standardChannel());
    },
  },
];
