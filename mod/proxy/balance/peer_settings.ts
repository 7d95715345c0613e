/** The settings of a peer that operators may change while it serves. */

export interface PeerSettings {
  readonly weight: number;
  readonly connectionsMax: number;
  readonly failsMax: number;
  readonly failTimeoutMs: number;
  readonly slowStartMs: number;
  readonly down: boolean;
  readonly draining: boolean;
  readonly route: string;
}

/** Each setting once; the order is that of the state file. */
const settings: Readonly<Record<keyof PeerSettings, true>> = {
  weight: true,
  connectionsMax: true,
  failsMax: true,
  failTimeoutMs: true,
  slowStartMs: true,
  down: true,
  draining: true,
  route: true,
};
const settingNames = Object.keys(settings);

/** Copies the settings that `source` has into `target`, and nothing else. */
export function copySettings(source: Partial<PeerSettings>, target: Partial<PeerSettings>): void {
  const [from, to] = [source, target] as Record<string, unknown>[];
  for (const name of settingNames) if (from[name] !== undefined) to[name] = from[name];
}

/** All settings of a peer, as a plain value. */
export function settingsOf(peer: PeerSettings): PeerSettings {
  const copy = {};
  copySettings(peer, copy);
  return copy as PeerSettings;
}
