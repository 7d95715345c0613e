/** The plan under construction: one draft for each level; settings are inherited by copying. */
import type { RunningUser } from "../../../process/files/users.ts";
import { formatProblem, type Position, Problems } from "../../../config/mod.ts";
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
import { version } from "../../../base/version.ts";

export type Mutable<T> = { -readonly [K in keyof T]: T[K] };

export interface SettingsDraft extends Omit<Mutable<Settings>, "proxy" | "file"> {
  proxy: Mutable<ProxySettings>;
  file: Mutable<FileSettings>;
}

export interface ListenDraft {
  readonly address: HostAddress;
  readonly tls: TlsPlan | null;
  readonly proxyProtocol: ListenProxyProtocol;
  readonly mode: number | null;
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
  /** The user that runs the process, for `user`; null: any. */
  readonly runningUser: RunningUser | null;
  /** Returns what is wrong with a path of `file.dir` or `file.file` at present, or null. */
  inspectPath(path: string, isFolder: boolean): string | null;
}

/** Checks nothing but the file itself. */
export const anyHost: HostView = { runningUser: null, inspectPath: () => null };

/** State shared by all levels of one build. */
export class PlanDraft {
  readonly problems = new Problems();
  readonly notices: string[] = [];
  readonly global: Mutable<GlobalPlan> = globalDefaults();
  readonly settings: SettingsDraft = settingsDefaults();
  readonly listens: ListenDraft[] = [];
  readonly hosts: HostDraft[] = [];
  readonly upstreams: UpstreamPlan[] = [];
  /** Indexes of upstreams made from URLs, by the URLs and settings that make two of them equal. */
  readonly implicitUpstreams = new Map<string, number>();
  /** Schemes of `upstreams` entries by their index, as the first URL that names one gives it. */
  readonly namedSchemes = new Map<number, "http" | "https">();

  constructor(readonly host: HostView) {}
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

export function copySettings(settings: SettingsDraft): SettingsDraft {
  return { ...settings, proxy: { ...settings.proxy }, file: { ...settings.file } };
}

export function globalDefaults(): Mutable<GlobalPlan> {
  return {
    connectionsMax: 0,
    workers: 1,
    requestBodyBytesMax: 1_073_741_824,
    requestLineBytesMax: 8192,
    headTimeoutMs: 10_000,
    handshakeTimeoutMs: 10_000,
    bodyTimeoutMs: 30_000,
    idleTimeoutMs: 60_000,
    allowHalfOpen: false,
    serverName: `hayate/${version}`,
    sendServerName: "on",
    pidFile: null,
    errorLog: null,
    emitForwardedFields: true,
    preserveForwardedProto: false,
    emitVia: true,
    emitMissingDate: true,
    sendInformational: "except-h1",
    drainTimeoutMs: 30_000,
    control: null,
    stateFile: null,
    resolver: null,
  };
}

export function settingsDefaults(): SettingsDraft {
  return {
    proxy: {
      preserveHost: false,
      connectTimeoutMs: 30_000,
      firstByteTimeoutMs: 30_000,
      ioTimeoutMs: 30_000,
      keepaliveTimeoutMs: 2000,
      tunnel: false,
      tunnelTimeoutMs: 300_000,
      tlsVerify: true,
      tlsCaFile: null,
      forwardClose: false,
      proxyProtocol: false,
    },
    file: {
      indexFiles: ["index.html", "index.htm", "index.txt"],
      dirListing: false,
      etag: true,
      sendCompressed: "off",
      mimeTypes: new Map(),
      mimeTypesOnly: false,
      mimeDefault: "application/octet-stream",
    },
    responseRules: [],
    requestRules: [],
    accessLogs: [],
    realIp: null,
    requestId: null,
    errorDocs: [],
    variables: new Map(),
    expires: null,
    compress: null,
    compressBytesMin: 100,
    emitRequestErrors: true,
    mergesSlashes: true,
  };
}
