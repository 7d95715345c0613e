/** Makes the lanes of a run over HTTP/2. */
import { HeadSpace } from "../../../http2/mod.ts";
import { Scratch } from "../../../conn/io/scratch.ts";
import type { GroupState } from "../group_state.ts";
import type { Lane, LaneParts } from "../lane.ts";
import { ConnectionPlace } from "./connection_place.ts";
import { GroupRequests } from "./group_requests.ts";
import { clientSessionOptions } from "./session_options.ts";

/**
 * `count` lanes on the connections of the plan. Each connection has one before any has two, so that
 * a run of fewer requests than lanes uses all connections.
 */
export function makeStreamLanes(
  parts: LaneParts,
  groups: readonly GroupState[],
  count: number,
): Lane[] {
  const { connectionGroups, connectionsBefore } = parts.plan;
  const { limits, tableBytesMax } = clientSessionOptions;
  const http2 = {
    space: new HeadSpace(limits, tableBytesMax),
    scratch: Scratch.of(parts.reactor),
  };
  const requests = groups.map((group) => new GroupRequests(group));
  const places = connectionGroups.map((group, index) =>
    new ConnectionPlace(parts, http2, requests[group], connectionsBefore + index)
  );
  return Array.from({ length: count }, (_, index) => places[index % places.length].addLane());
}
