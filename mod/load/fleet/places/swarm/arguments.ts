/** The command lines for docker by which a Swarm gets its machines. Pure. */

/** Of everything that a run makes; its value is when, in milliseconds since the epoch. */
export const runLabel = "hayate.load";
/** The user of relay and tasks: without rights, and not assigned on a usual host. */
const user = "65532:65532";
const secretTarget = "hayate-load";
/** In memory: files of the run, at most 256 MB, among them keys of certificates. */
const filesBytesMax = 272 * 1024 * 1024;

/** What is common to the objects of one run, all of which have the same name. */
export interface SwarmRun {
  readonly name: string;
  readonly startedAtMs: number;
  readonly image: string;
}

function labelWords({ startedAtMs }: SwarmRun): string[] {
  return ["--label", `${runLabel}=${startedAtMs}`];
}

/** A network of the run's own, which the relay's container can join. */
export function networkArgs(run: SwarmRun): string[] {
  return ["network", "create", "--driver", "overlay", "--attachable", ...labelWords(run), run.name];
}

/** The relay, beside the engine that docker talks to. It ends with its standard input. */
export function relayArgs(run: SwarmRun): string[] {
  return [
    ...["run", "--interactive", "--rm", "--pull", "never", "--name", run.name, ...labelWords(run)],
    ...["--network", run.name, "--user", user, "--read-only", "--cap-drop", "ALL"],
    ...["--security-opt", "no-new-privileges", "--no-healthcheck", "--log-driver", "none"],
    ...[run.image, "load", "relay"],
  ];
}

/** The relay's address on the network of the run. */
export function addressArgs({ name }: SwarmRun): string[] {
  const format = `{{with index .NetworkSettings.Networks "${name}"}}{{.IPAddress}}{{end}}`;
  return ["inspect", "--type", "container", "--format", format, name];
}

/** The file that tells tasks of the relay comes by standard input. */
export function secretArgs(run: SwarmRun): string[] {
  return ["secret", "create", ...labelWords(run), run.name, "-"];
}

/**
 * `count` tasks, on different nodes where there are enough. A task that ends is not started again: its
 * share of the run is lost with it. It is no job, as Docker 20.10 neither ends the tasks of a job that is
 * removed nor removes their containers. `words` are the user's.
 */
export function serviceArgs(run: SwarmRun, count: number, words: readonly string[]): string[] {
  const { name, image } = run;
  return [
    ...["service", "create", "--detach", "--quiet", "--name", name, ...labelWords(run)],
    ...["--replicas", `${count}`, "--restart-condition", "none"],
    ...["--network", name],
    ...["--secret", `source=${name},target=${secretTarget},uid=65532,gid=65532,mode=0400`],
    ...["--hostname", "{{.Node.Hostname}}"],
    ...["--env", "HAYATE_TASK_ID={{.Task.ID}}", "--env", "HAYATE_TASK_SLOT={{.Task.Slot}}"],
    ...["--env", "HAYATE_TASK_NODE={{.Node.Hostname}}"],
    ...["--user", user, "--read-only", "--cap-drop", "ALL", "--no-healthcheck"],
    ...["--mount", `type=tmpfs,destination=/dev/shm,tmpfs-size=${filesBytesMax},tmpfs-mode=1777`],
    // As the first process of its container a task that has not begun to listen ignores TERM.
    ...["--stop-grace-period", "2s", "--with-registry-auth", "--no-resolve-image"],
    ...words,
    ...[image, "load", "join", "--relay", `/run/secrets/${secretTarget}`],
  ];
}

/** Ends the tasks; their containers go, too, those of tasks that have ended before as well. */
export function endTasksArgs(name: string): string[] {
  return ["service", "scale", "--detach", `${name}=0`];
}

/** The states of the tasks, a line of JSON each. */
export function tasksArgs(name: string): string[] {
  return ["service", "ps", "--no-trunc", "--format", "{{json .}}", name];
}
