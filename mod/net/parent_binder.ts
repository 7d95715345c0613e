/** Sockets that this process may not bind or remove itself: its root parent does, where it has one. */
import type { Address } from "../base/address.ts";
import { StartError } from "../base/errors.ts";

/** Options of the socket; null: the default. */
export interface BindWish {
  readonly reusePort: boolean;
  readonly backlog: number | null;
  readonly mode: number | null;
  readonly v6Only: boolean;
  /** False: bound alone; its server calls listen(2). */
  readonly listening: boolean;
}

export interface ParentBinder {
  /** A descriptor, the reason why it cannot be bound, or null: it is not the parent's to do. */
  listen(address: Address, wish: BindWish): number | string | null;
  /** Renames the socket `PATH.SUFFIX` over PATH. */
  rename(path: string, suffix: string): boolean;
  /** The inode number of the socket at PATH, where this process cannot look; null: unknown. */
  inodeAt(path: string): number | null;
  /** Removes the socket at PATH if it still is the one of this inode number. */
  remove(path: string, ino: number): boolean;
}

let binder: ParentBinder | null = null;

/** Call it before the first socket is bound. */
export function useParentBinder(parent: ParentBinder): void {
  binder = parent;
}

export function parentBinder(): ParentBinder | null {
  return binder;
}

/** A start that failed for want of rights, which the parent may have. */
export class BindRefused extends StartError {}

/**
 * What the parent can do for a bind that was refused: a descriptor. Throws `refusal`, or a `StartError`
 * with the parent's reason.
 */
export function bindByParent(address: Address, wish: BindWish, refusal: BindRefused): number {
  const outcome = binder?.listen(address, wish) ?? null;
  if (outcome === null) throw refusal;
  if (typeof outcome === "string") throw new StartError(outcome);
  return outcome;
}
