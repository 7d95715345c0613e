/** The flags of `hayate load`: several machines. */
import type { OptionSpec } from "../../cli/mod.ts";
import { readPlace } from "../plan/place.ts";

const machines = "Machines";

export const machineFlags = [
  {
    long: "on",
    kind: "parsed",
    parse: readPlace,
    placeholder: "PLACE",
    section: machines,
    help: "Spread the run over machines: ssh:HOST,HOST..., kubernetes:N or swarm:N. -c, -n and " +
      "-R are those of all of them together, -t those of each. See: hayate help load machines.",
  },
  {
    long: "allow-lost",
    kind: "integer",
    min: 0,
    max: 1000,
    default: 0,
    section: machines,
    help: "With --on: machines that may be lost before or during the run without exit 1.",
  },
  {
    long: "on-option",
    kind: "string",
    placeholder: "WORD",
    repeat: true,
    section: machines,
    help: "With --on: a further word for ssh, kubectl or docker service create, such as " +
      "--on-option=--namespace=x.",
  },
  {
    long: "image",
    kind: "string",
    placeholder: "NAME",
    defaultText: "hayate",
    section: machines,
    help: "With --on kubernetes or swarm: the image of hayate, of this version.",
  },
  {
    long: "on-timeout",
    key: "onTimeoutMs",
    kind: "duration",
    min: 1000,
    defaultText: "2m",
    section: machines,
    help: "With --on: how long the machines may take to be there.",
  },
] as const satisfies readonly OptionSpec[];
