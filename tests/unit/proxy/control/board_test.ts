import { assertEquals } from "@std/assert";
import { Board, type BoardParts } from "../../../../mod/proxy/control/board.ts";
import { groupOf } from "../balance/groups.ts";

Deno.test("Board.change() forgets what traffic found out before of a server that is up again", () => {
  const group = groupOf(["10.0.0.1:80 weight=4 max_fails=2", "10.0.0.2:80"]);
  const [peer] = group.peers;
  const parts = { groups: [group], nowMs: () => 5000, onChange: () => {}, settled: null };
  const board = new Board(parts as unknown as BoardParts);
  peer.noteFailure(1000);
  peer.noteFailure(1001);
  board.change(group, peer, { down: true });
  board.change(group, peer, { down: false });
  assertEquals([peer.fails, peer.effectiveWeight, peer.recoveredMs], [0, 4, 5000]);
});
