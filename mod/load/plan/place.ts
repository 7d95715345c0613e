/** `--on`: the machines that a run is spread over. Pure. */
import { Wrong } from "../../cli/mod.ts";

/** Where the machines are. */
export type Place =
  | { readonly kind: "ssh"; readonly hosts: readonly SshHost[] }
  | { readonly kind: "kubernetes" | "swarm"; readonly count: number };

/** What `ssh` is to connect to. */
export interface SshHost {
  /** As the user wrote it; two of the same are told apart by a number. */
  readonly name: string;
  /** `user@host`, or a Host of ssh_config. */
  readonly destination: string;
  /** null: ssh's own choice. */
  readonly port: number | null;
}

/** `--on` and the flags that go with it. */
export interface FleetPlan {
  readonly place: Place;
  /** Further words for ssh, kubectl or docker service create. */
  readonly engineWords: readonly string[];
  /** The image of pods or tasks. */
  readonly image: string;
  /** Machines that may be lost without the command failing. */
  readonly lostMax: number;
  /** How long the machines may take to be there. */
  readonly gatherMs: number;
}

/** More machines than one coordinator's reports and one server make sense of. */
const countMax = 1000;
/** The tasks of a Swarm share a network with 254 addresses, of which each node takes one, too. */
const tasksMax = 200;

/** `ssh:HOST,HOST`, `kubernetes:N` or `swarm:N`. */
export function readPlace(text: string): Place | Wrong {
  const match = /^([a-z0-9]+):(.*)$/s.exec(text);
  if (match === null) return new Wrong("not ssh:HOST,HOST..., kubernetes:N or swarm:N");
  const [, kind, rest] = match;
  if (kind === "ssh") return readHosts(rest);
  if (kind === "kubernetes" || kind === "k8s") return readCount("kubernetes", rest, countMax);
  if (kind === "swarm") return readCount("swarm", rest, tasksMax);
  return new Wrong(`${kind} is not ssh, kubernetes or swarm`);
}

/** How many machines the place has. */
export function machineCount(place: Place): number {
  return place.kind === "ssh" ? place.hosts.length : place.count;
}

function readCount(kind: "kubernetes" | "swarm", text: string, max: number): Place | Wrong {
  const count = /^\d+$/.test(text) ? Number(text) : NaN;
  return count >= 1 && count <= max
    ? { kind, count }
    : new Wrong(`${text || "nothing"} is not a number of machines from 1 to ${max}`);
}

function readHosts(text: string): Place | Wrong {
  const hosts: SshHost[] = [];
  const seen = new Map<string, number>();
  for (const part of text.split(",").map((each) => each.trim())) {
    const host = readHost(part);
    if (host instanceof Wrong) return host;
    const times = (seen.get(host.name) ?? 0) + 1;
    seen.set(host.name, times);
    hosts.push(times === 1 ? host : { ...host, name: `${host.name} (${times})` });
  }
  return hosts.length > countMax
    ? new Wrong(`${hosts.length} hosts, at most ${countMax} are possible`)
    : { kind: "ssh", hosts };
}

function readHost(text: string): SshHost | Wrong {
  if (text === "") return new Wrong("a host is missing");
  const match = /^(?:([^@\s]+)@)?(?:\[([0-9a-fA-F:.%\w]+)\]|([^@:[\]\s]+))(?::(\d+))?$/.exec(text);
  const host = match?.[2] ?? match?.[3];
  // ssh would take it for an option.
  if (host === undefined || text.startsWith("-") || host.startsWith("-")) {
    return new Wrong(`${JSON.stringify(text)} is not host, user@host or user@host:port`);
  }
  const port = match![4] === undefined ? null : Number(match![4]);
  if (port !== null && (port < 1 || port > 65535)) {
    return new Wrong(`port ${match![4]} of ${host} is not 1 to 65535`);
  }
  const user = match![1] === undefined ? "" : `${match![1]}@`;
  return { name: text, destination: `${user}${host}`, port };
}
