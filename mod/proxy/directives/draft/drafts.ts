/** The plan under construction: one draft for each level; settings are inherited by copying. */
import type { Mutable } from "../../../base/mutable.ts";
import { formatProblem, type MapNode, type Position, Problems } from "../../../config/mod.ts";
import type { HostAddress } from "../../../config/mod.ts";
import type {
  FileSettings,
  GlobalPlan,
  HandlerPlan,
  ListenProxyProtocol,
  PathPlan,
  ProxySettings,
  Settings,
  TlsPlan,
  UpstreamPlan,
} from "../../plan/plan.ts";
import { globalDefaults, settingsDefaults } from "../../plan/defaults.ts";

export interface SettingsDraft extends Omit<Mutable<Settings>, "proxy" | "file"> {
  proxy: Mutable<ProxySettings>;
  file: Mutable<FileSettings>;
}

export interface ListenDraft {
  readonly address: HostAddress;
  readonly tls: TlsPlan | null;
  readonly proxyProtocol: ListenProxyProtocol;
  readonly mode: number | null;
  /** null: as the global directive says. */
  readonly http2: boolean | null;
  readonly at: Position;
}

export interface HostDraft {
  readonly name: string;
  readonly port: number;
  strictMatch: boolean;
  readonly listens: ListenDraft[];
  readonly paths: PathPlan[];
  settings: Settings;
}

/** What the build needs to know about the host that the file is for. */
export interface HostView {
  /** Returns what is wrong with a path of `file.dir` or `file.file` at present, or null. */
  inspectPath(path: string, isFolder: boolean): string | null;
}

/** Checks nothing but the file itself. */
export const anyHost: HostView = { inspectPath: () => null };

/** State shared by all levels of one build. */
export class PlanDraft {
  readonly problems = new Problems();
  readonly notices: string[] = [];
  readonly global: Mutable<GlobalPlan> = globalDefaults();
  readonly settings: SettingsDraft = copySettings(settingsDefaults());
  readonly listens: ListenDraft[] = [];
  readonly hosts: HostDraft[] = [];
  readonly upstreams: UpstreamPlan[] = [];
  /** Indexes of upstreams made from URLs, by the URLs and settings that make two of them equal. */
  readonly implicitUpstreams = new Map<string, number>();
  /** Schemes of `upstreams` entries by their index, as the first URL that names one gives it. */
  readonly namedSchemes = new Map<number, "http" | "https">();

  /** `applyLevel` applies the directives of a mapping to a level, for those that hold levels. */
  constructor(
    readonly host: HostView,
    readonly applyLevel: (draft: LevelDraft, map: MapNode) => void,
  ) {}
}

/** The level that a directive is applied to. */
export class LevelDraft {
  constructor(
    readonly plan: PlanDraft,
    readonly level: number,
    readonly settings: SettingsDraft,
    readonly host: HostDraft | null,
    /** Handlers of the path; null at the other levels. */
    readonly handlers: HandlerPlan[] | null,
  ) {}

  problem(at: Position, message: string): void {
    this.plan.problems.add(at, message);
  }

  notice(at: Position, message: string): void {
    this.plan.notices.push(formatProblem({ at, message }));
  }
}

export function copySettings(settings: Settings): SettingsDraft {
  return { ...settings, proxy: { ...settings.proxy }, file: { ...settings.file } };
}
