/** The plan while it is being built: one draft per level, settings inherited by copying. */
import type { RunningUser } from "../../process/users.ts";
import { formatProblem, type Position, Problems } from "../../config/mod.ts";
import type { HostAddress } from "../../config/mod.ts";
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
} from "../plan.ts";
import { version } from "../../base/version.ts";

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

/** What the build asks of the host that the file is for. */
export interface HostView {
  /** Whose process it is, for `user`; null: whoever it is. */
  readonly runningUser: RunningUser | null;
  /** What is wrong with a path of `file.dir` or `file.file` at the moment, or null. */
  inspectPath(path: string, isFolder: boolean): string | null;
}

/** Only the file itself is looked at. */
export const anyHost: HostView = { runningUser: null, inspectPath: () => null };

/** What the whole build shares. */
export class PlanDraft {
  readonly problems = new Problems();
  readonly notices: string[] = [];
  readonly global: Mutable<GlobalPlan> = globalDefaults();
  readonly settings: SettingsDraft = settingsDefaults();
  readonly listens: ListenDraft[] = [];
  readonly hosts: HostDraft[] = [];
  readonly upstreams: UpstreamPlan[] = [];
  /** Upstreams made from URLs, by what makes them equal. */
  readonly implicitUpstreams = new Map<string, number>();
  /** How entries of `upstreams` are spoken to, by their index, once a URL has said it. */
  readonly namedSchemes = new Map<number, "http" | "https">();

  constructor(readonly host: HostView) {}
}

/** What a directive is applied to: the level it stands on. */
export class LevelDraft {
  constructor(
    readonly plan: PlanDraft,
    readonly level: number,
    readonly settings: SettingsDraft,
    readonly host: HostDraft | null,
    /** Of the path level; null above it. */
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
