/** Starts worker processes: their environment, their descriptors and their channel. */
import { StartError } from "../../base/errors.ts";
import type { Logger } from "../../log/mod.ts";
import { cpuVariables } from "../../process/affinity.ts";
import { type Channel, channelVariable, openChannel } from "../../process/channel.ts";
import { spawn } from "../../process/children/spawn.ts";
import { allVariables, withoutBacktraces } from "../../process/environment.ts";
import { selfCommand } from "../../process/executable.ts";
import { failureVariables } from "../../process/handover/readiness.ts";
import { leaseVariable, type SocketLease } from "../../process/handover/socket_lease.ts";
import { passOpener } from "../../process/privileges/parent_opener.ts";
import type { PassedRow } from "../../process/workers/board_rows.ts";
import { folderOfStart } from "../../process/working_folder.ts";
import { reportVariables, tlsVariables } from "../../tls/appliance.ts";
import type { HandedSockets } from "./master_sockets.ts";

/** What the workers of one plan are started with. */
export interface LaunchParts {
  readonly argv: readonly string[];
  /** null: no supervisor and no reload so far. */
  readonly generation: number | null;
  readonly ticketSeed: string;
  readonly logger: Logger;
  readonly sockets: HandedSockets;
  readonly lease: SocketLease;
  /** See `GlobalPlan`. */
  readonly cpus: readonly number[];
  /** What tells the worker its row, with the board as descriptor `number`; see `ConnectionBoard`. */
  readonly passShare: (number: number) => PassedRow;
}

export interface LaunchedWorker {
  readonly pid: number;
  /** The master's end. */
  readonly channel: Pick<Channel, "send" | "close">;
  /** Resolves with the wait status, when the process has ended. */
  readonly exited: Promise<number>;
}

/** `slot`: 0 is the first. Throws `StartError` when the process cannot be started, for example without descriptors. */
export function launchWorker(
  { argv, generation, ticketSeed, logger, sockets, lease, cpus, passShare }: LaunchParts,
  onMessage: (message: unknown) => void,
  slot: number,
): LaunchedWorker {
  const channelNumber = sockets.freeNumber;
  const leaseNumber = channelNumber + 1;
  const opener = passOpener(leaseNumber + 1);
  const share = passShare(leaseNumber + 2);
  let pid = 0;
  const pair = openChannel({
    onMessage,
    // A regular end of the channel is handled when the process exits.
    onEnd: (fault) => {
      if (fault !== "") logger.error(`worker ${pid} broke its channel: ${fault}`);
    },
  });
  const child = spawn({
    command: selfCommand(["proxy", ...argv]),
    ...folderOfStart(),
    isReplaceable: true,
    environment: {
      ...withoutBacktraces(allVariables()),
      SERVER_STARTER_PORT: sockets.portsText,
      [channelVariable]: String(channelNumber),
      [leaseVariable]: lease.variableFor(leaseNumber),
      [tlsVariables.ticketSeed]: ticketSeed,
      ...opener.variables,
      ...reportVariables(slot),
      ...cpuVariables(cpus, slot),
      ...share.variables,
      ...failureVariables(),
      ...(generation === null ? {} : { SERVER_STARTER_GENERATION: String(generation) }),
    },
    descriptors: [
      ...sockets.descriptors,
      { ours: pair.theirs, number: channelNumber },
      { ours: lease.readEnd, number: leaseNumber },
      ...opener.descriptors,
      ...share.descriptors,
    ],
  });
  pair.closeTheirs();
  if (child.pid === null) {
    pair.ours.close();
    throw new StartError(child.reason);
  }
  pid = child.pid;
  return { pid, channel: pair.ours, exited: child.exited };
}
