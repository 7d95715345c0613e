/** The clients that drive servers: wrk over TCP, because it is neutral, hayate load elsewhere. */
import type { ClientSpec, Transport } from "../comparison.ts";
import { hayateLoad, hayateLoadVaried, hayateLoadVariedWith } from "./hayate_load.ts";
import { wrk, wrkVaried, wrkVariedWith } from "./wrk.ts";

type Drivers = Readonly<Record<Transport, ClientSpec>>;

/** A thousand different paths, cookies and agents in turn, as real clients' are. */
export const variedHeads: Drivers = { tcp: wrkVaried, unix: hayateLoadVaried };
/** The same head each time, as of health checks. */
export const identicalHeads: Drivers = { tcp: wrk, unix: hayateLoad };
/** The same with an order of `items` items to POST; 28 are 2 kB. */
export function variedOrders(items: number): Drivers {
  const word = `items=${items}`;
  return { tcp: wrkVariedWith(word), unix: hayateLoadVariedWith(word) };
}
/** Varied heads for one file: the path is `/` each time. */
export const variedFields: Drivers = {
  tcp: wrkVariedWith("path=/"),
  unix: hayateLoadVariedWith("path=/"),
};
