/** The plan: checked, immutable settings of one run, or a command to a running supervisor. */
import type { Address } from "../../base/address.ts";
import type { Variables } from "../../process/environment.ts";
import type { Settings } from "../../lifecycle/core/state.ts";
import type { ListenSpec } from "../../config/listen_spec.ts";

/** Where output of the supervisor and its workers goes. */
export type LogTarget =
  | { readonly kind: "inherited" }
  | { readonly kind: "file"; readonly path: string }
  | { readonly kind: "pipe"; readonly command: string };

/** Everything a run needs. */
export interface RunPlan {
  readonly kind: "run";
  /** Called as start_server: no greeting, PORTS is ignored. */
  readonly asStartServer: boolean;
  /** For our own modes the first word is the mode. */
  readonly command: readonly string[];
  /** COMMAND is a mode of this program. */
  readonly own: boolean;
  readonly listen: readonly ListenSpec[];
  readonly backlog: number;
  readonly reusePort: boolean;
  readonly socketMode: number | null;
  readonly socketOwner: string | null;
  readonly socketGroup: string | null;
  /** The user that workers become, as `NAME[:GROUP]`; null: nobody has asked. */
  readonly user: string | null;
  readonly folder: string | null;
  readonly workers: number;
  readonly dieWithParent: boolean;
  /** Sockets are numbered from 3 on, and named in LISTEN_FDS, too. */
  readonly listenFds: boolean;
  /** How long TERM lets clients go before the stop; 0: not at all. */
  readonly shutdownDelayMs: number;
  /** The socket at which one supervisor takes over from another; null: none does. */
  readonly takeOverPath: string | null;
  readonly pidFile: string | null;
  readonly statusFile: string | null;
  readonly controlPath: string | null;
  readonly controlIsExplicit: boolean;
  /** Reload when a file changes that the workers have read. */
  readonly watch: boolean;
  /** More files to watch, for programs that say nothing of what they read. */
  readonly watchFiles: readonly string[];
  /** Where `/livez` and `/readyz` are answered; null: nowhere. */
  readonly health: Address | null;
  readonly log: LogTarget;
  /** null: see `chooseLog`. */
  readonly logFormat: "text" | "json" | null;
  readonly logStream: "stdout" | "stderr" | null;
  readonly daemonize: boolean;
  readonly readyHttp: string | null;
  readonly readyExec: string | null;
  /** Options that workers also get as variables. */
  readonly variables: Variables;
  /** The settings that no variable changes while we run. */
  readonly settings: Omit<Settings, "killOldDelayMs" | "autoRestartMs">;
}

/** `--stop` and `--restart`: commands to a running supervisor. */
export interface ClientPlan {
  readonly kind: "stop" | "restart";
  readonly pidFile: string;
  readonly statusFile: string | null;
  readonly controlPath: string;
}

export type Plan = RunPlan | ClientPlan;
