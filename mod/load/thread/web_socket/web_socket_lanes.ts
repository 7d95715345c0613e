/** What a thread needs for WebSockets. Loaded only by runs that have them. */
import type { MessagePlan } from "../../plan/web_socket.ts";
import { Farewell } from "../farewell.ts";
import type { GroupState } from "../group_state.ts";
import type { LaneMaker, LaneParts } from "../lane.ts";
import type { ThreadParts } from "../load_thread.ts";
import type { ReadAid } from "../response_reader.ts";
import { Handshake } from "./handshake.ts";
import { WebSocketLane } from "./web_socket_lane.ts";
import { WebSocketParts } from "./web_socket_parts.ts";
import { WebSocketRecorder } from "./web_socket_recorder.ts";

export function webSocketParts(
  message: MessagePlan,
): Pick<ThreadParts, "makeRecorder" | "makeLanes" | "farewell"> {
  const farewell = new Farewell();
  return {
    farewell,
    makeRecorder: (stats, options) => new WebSocketRecorder(stats, options),
    makeLanes: laneMaker(message, farewell),
  };
}

/** One WebSocket for each connection of the plan. */
function laneMaker(message: MessagePlan, farewell: Farewell): LaneMaker {
  return (parts, groups, count) => {
    const { recorder } = parts;
    if (!(recorder instanceof WebSocketRecorder)) {
      throw new TypeError("Cannot make WebSockets without their recorder");
    }
    const shared = new WebSocketParts(message, recorder, farewell);
    const handshakes = groups.map((group) => new Handshake(group.plan.batches[0]));
    const aid: ReadAid<WebSocketLane> = {
      head: recorder.head,
      observer: { takeHead: (lane, head) => lane.takeHead(head), takeBody: () => {} },
    };
    return connectionsOf(parts, groups, count).map(({ group, groupIndex, index }) =>
      new WebSocketLane(parts, shared, group, handshakes[groupIndex], aid, index)
    );
  };
}

function connectionsOf(
  { plan: { connectionGroups, connectionsBefore } }: LaneParts,
  groups: readonly GroupState[],
  count: number,
) {
  return connectionGroups.slice(0, count).map((groupIndex, position) => ({
    group: groups[groupIndex],
    groupIndex,
    index: connectionsBefore + position,
  }));
}
