/** Turns the text of a configuration file into a checked plan, or reports all its problems. */
import { type ConfigSource, parseDuration, readYaml } from "../../config/mod.ts";
import type { Address } from "../../base/address.ts";
import type { HostPlan, ListenPlan, ProxyPlan } from "../plan/plan.ts";
import { checkManaged, managedNames } from "./managed_names.ts";
import { applyLevel } from "./apply.ts";
import { levels } from "./draft/directive.ts";
import { anyHost, type HostView, LevelDraft, type ListenDraft, PlanDraft } from "./draft/drafts.ts";

export type BuildResult =
  | { readonly plan: ProxyPlan; readonly problems: readonly [] }
  | { readonly plan: null; readonly problems: readonly string[] };

export interface BuildOptions {
  /** False when listening sockets are inherited: then `listen` is optional. */
  readonly needsListen: boolean;
  /** The host that the file is for. Without it only the file itself is checked. */
  readonly host?: HostView;
}

/** Builds the plan of `text`; messages name it `file`. Pure except for `source` and the host. */
export function buildPlan(
  text: string,
  file: string,
  source: ConfigSource,
  options: BuildOptions,
): BuildResult {
  const draft = new PlanDraft(options.host ?? anyHost, applyLevel);
  takeDrainTimeout(draft, file, source.environment("DRAIN_TIMEOUT") ?? "");
  const root = readYaml(text, file, source, draft.problems);
  if (root !== null && root.kind !== "mapping") {
    draft.problems.add(
      root.at,
      `the file cannot be a ${root.kind}; allowed: a mapping of directives`,
    );
  } else if (root !== null) {
    applyLevel(new LevelDraft(draft, levels.global, draft.settings, null, null), root);
  }
  // Missing directives are reported only if the rest is valid: they may be among the invalid ones.
  if (draft.problems.count === 0) checkCompleteness(draft, file, options);
  if (draft.problems.count > 0) return { plan: null, problems: draft.problems.lines() };
  return { plan: finishPlan(draft, file), problems: [] };
}

/** The variable of containers; the directive `drain-timeout` overrides it. Empty counts as unset. */
function takeDrainTimeout(draft: PlanDraft, file: string, text: string): void {
  if (text === "") return;
  const timeoutMs = parseDuration(text, 1000);
  if (timeoutMs !== null) draft.global.drainTimeoutMs = timeoutMs;
  else {
    draft.problems.add(
      { file, line: 1 },
      `DRAIN_TIMEOUT=${text} in the environment: not a time such as 10, 500ms, 2s or 1.5m`,
    );
  }
}

function checkCompleteness(draft: PlanDraft, file: string, options: BuildOptions): void {
  const at = { file, line: 1 };
  if (draft.hosts.length === 0) {
    draft.problems.add(at, "mandatory configuration directive `hosts` is missing");
  }
  const hasListen = draft.listens.length > 0 || draft.hosts.some((host) => host.listens.length > 0);
  if (!hasListen && options.needsListen) {
    draft.problems.add(at, "mandatory configuration directive `listen` is missing");
  }
  checkAgreement(draft);
  checkManaged(draft, options.needsListen);
  for (const host of draft.hosts) {
    if (host.paths.length === 0) draft.problems.add(at, `host ${host.name} has no \`paths\``);
  }
}

/**
 * One socket cannot both expect a PROXY header or a TLS handshake and parse its bytes as a request;
 * h2o refuses this as well. Its TLS context asks for client certificates before it knows the host, so
 * that one host's demand would be dropped in silence.
 */
function checkAgreement(draft: PlanDraft): void {
  const first = new Map<string, ListenDraft>();
  for (const listen of [...draft.listens, ...draft.hosts.flatMap((host) => host.listens)]) {
    const key = JSON.stringify(listen.address);
    const known = first.get(key) ?? listen;
    first.set(key, known);
    const complain = (key: string) =>
      draft.problems.add(
        listen.at,
        `listen.${key}: line ${known.at.line} has another value for this address`,
      );
    if (JSON.stringify(known.proxyProtocol) !== JSON.stringify(listen.proxyProtocol)) {
      complain("proxy-protocol");
    }
    if (known.http2 !== listen.http2) complain("http2");
    if ((known.tls === null) !== (listen.tls === null)) complain("ssl");
    else if (known.tls?.clientCaFile !== listen.tls?.clientCaFile) complain("ssl.client-ca-file");
  }
}

function finishPlan(draft: PlanDraft, file: string): ProxyPlan {
  const hosts: HostPlan[] = draft.hosts.map((host) => {
    const { name, port, strictMatch, paths, settings } = host;
    // Longest prefix first, so that the first match is the longest.
    const sorted = paths.slice().sort((a, b) =>
      b.prefix.length - a.prefix.length || (a.prefix < b.prefix ? -1 : 1)
    );
    const hasOwnListen = host.listens.length > 0;
    return { name, port, strictMatch, hasOwnListen, paths: sorted, settings };
  });
  return {
    file,
    listeners: finishListeners(draft),
    hosts,
    upstreams: draft.upstreams,
    global: draft.global,
    settings: draft.settings,
    notices: draft.notices,
  };
}

/** Hosts with their own `listen` are served only there; all others on the global listeners. */
function finishListeners(draft: PlanDraft): ListenPlan[] {
  const shared = draft.hosts.flatMap((host, index) => host.listens.length === 0 ? [index] : []);
  const byAddress = new Map<string, ListenPlan>();
  const add = (listen: ListenDraft, hosts: readonly number[], name: string | null): void => {
    const managed = managedNames(listen, hosts.map((index) => draft.hosts[index]));
    for (const address of bindAddresses(listen)) {
      const key = JSON.stringify(address);
      const known = byAddress.get(key);
      const served = known === undefined ? hosts : [...known.hosts, ...hosts];
      const { tls, proxyProtocol, mode, at } = known ?? listen;
      const http2 = known?.http2 ?? listen.http2 ?? draft.global.http2.isOn;
      const certificatesByHost = [...(known?.certificatesByHost ?? [])];
      if (listen.tls !== null && listen.tls.certificates.length > 0 && name !== null) {
        certificatesByHost.push({ certificates: listen.tls.certificates, names: [name] });
      }
      byAddress.set(key, {
        address,
        tls,
        certificatesByHost,
        managedNames: [...(known?.managedNames ?? []), ...managed],
        proxyProtocol,
        mode,
        http2,
        at,
        hosts: served,
      });
    }
  };
  for (const listen of draft.listens) add(listen, shared, null);
  for (const [index, host] of draft.hosts.entries()) {
    for (const listen of host.listens) add(listen, [index], host.name);
  }
  return [...byAddress.values()].filter((listen) => listen.hosts.length > 0);
}

/** Without a host both address families are bound, as getaddrinfo(NULL) returns them. */
function bindAddresses(listen: ListenDraft): Address[] {
  const { address } = listen;
  if (address.kind === "unix") return [address];
  if (address.host !== "") return [address];
  const { port } = address;
  return [{ kind: "tcp", host: "0.0.0.0", port }, { kind: "tcp", host: "::", port }];
}
