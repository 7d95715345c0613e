/** The flags of `hayate proxy ctl`. */
import { defineTable, Wrong } from "../../cli/mod.ts";
import { type HostAddress, parseHostAddress } from "../../config/addresses.ts";

function readAddress(text: string): HostAddress | Wrong {
  return parseHostAddress(text, null) ?? new Wrong("not a unix path, host:port or [v6]:port");
}

/** Actions and the number of arguments that follow each. */
export const actions = {
  "status": [0, 0],
  "list": [0, 1],
  "changes": [0, 1],
  "drain": [2, 2],
  "undrain": [2, 2],
  "down": [2, 2],
  "up": [2, 2],
  "weight": [3, 3],
  "add": [2, 3],
  "remove": [2, 2],
  "wait-healthy": [1, 2],
} as const;
export type Action = keyof typeof actions;

export const ctlTable = defineTable({
  command: "hayate proxy ctl",
  summary: "shows and changes the upstreams of a running proxy",
  usage: ["[options] ACTION [UPSTREAM [SERVER [VALUE]]]"],
  description: [
    "Actions: status (the process, and what its supervisor has started); list [UPSTREAM]; changes [UPSTREAM] (who changed what and when); drain, undrain, down, up, remove UPSTREAM SERVER; weight UPSTREAM " +
    "SERVER N; add UPSTREAM SERVER [WEIGHT]; wait-healthy UPSTREAM [SERVER]. SERVER is an id or " +
    "an address, as list shows them.",
    "It talks to the proxy's control listener: `control:` in the configuration.",
  ],
  options: [
    {
      long: "control",
      kind: "parsed",
      parse: readAddress,
      placeholder: "ADDR",
      help: "Unix path or host:port of the control listener. Default: what the configuration says.",
    },
    {
      long: "conf",
      short: "c",
      kind: "string",
      placeholder: "FILE",
      help: "The proxy's configuration.",
    },
    {
      long: "token",
      kind: "string",
      env: "HAYATE_TOKEN",
      placeholder: "TEXT",
      help: "Token of a control listener on TCP.",
    },
    {
      long: "timeout",
      kind: "duration",
      key: "timeoutMs",
      default: 30_000,
      defaultText: "30s",
      help: "How long to wait, for an answer or for health.",
    },
    {
      long: "yes",
      short: "y",
      kind: "flag",
      help:
        "Take out the last server of an upstream that is up without a question. Where there is " +
        "no terminal to ask on, drain, down and remove refuse that without --yes.",
    },
  ],
  operands: { name: "ACTION", min: 1, max: 4 },
  examples: [
    { run: "hayate proxy ctl -c h2o.conf list", about: "every upstream and its servers" },
    { run: "hayate proxy ctl status", about: "why the last generation has failed" },
    { run: "hayate proxy ctl changes", about: "the last changes, reloads too" },
    { run: "hayate proxy ctl drain app 127.0.0.1:8082", about: "no new requests for it" },
    { run: "hayate proxy ctl wait-healthy app", about: "in a deploy script, before going on" },
  ],
  exitCodes: [
    { code: 0, meaning: "done" },
    { code: 1, meaning: "no answer, the proxy refused, or the last server stays" },
    { code: 2, meaning: "wrong usage" },
    { code: 3, meaning: "wait-healthy: not healthy in time" },
  ],
});
