/** Finds out whether the server of this container, or at an address, is ready. */
import { type Address, formatAddress } from "../base/address.ts";
import { shapeFaultOf } from "../base/shape.ts";
import { isUnsupervised } from "../cli/container_command.ts";
import { readinessUrl } from "../probes/address.ts";
import { askHttp } from "../probes/ask_http.ts";
import {
  containerChannelPath,
  type HealthAnswer,
  healthShape,
} from "../probes/container_channel.ts";
import type { Channel } from "../process/channel.ts";
import { connectChannel } from "../process/channel_socket.ts";

/** With the start of this process the check stays within a second. */
const answerTimeoutMs = 700;

/** `address`: null asks the container's supervisor. */
export async function checkHealth(address: Address | null): Promise<HealthAnswer> {
  if (address !== null) return await checkAddress(address);
  const words = firstProcess();
  if (words !== null && isUnsupervised(words)) {
    return { ready: true, text: `hayate ${words[0]} is not a server` };
  }
  return await checkContainer(containerChannelPath());
}

async function checkAddress(address: Address): Promise<HealthAnswer> {
  const reply = await askHttp(readinessUrl(address), answerTimeoutMs);
  const where = formatAddress(address);
  if (reply === null) return { ready: false, text: `no answer at ${where}` };
  const text = reply.line === "" ? `status ${reply.status}` : reply.line;
  return { ready: reply.status === 200, text: `${text} (${where})` };
}

async function checkContainer(path: string | null): Promise<HealthAnswer> {
  const answer = path === null ? null : await ask(path);
  if (answer !== null && shapeFaultOf(answer, healthShape, "it") === null) {
    return answer as HealthAnswer;
  }
  return {
    ready: false,
    text: "no supervisor of this container answers; for another server set HAYATE_HEALTH",
  };
}

function ask(path: string): Promise<unknown> {
  return new Promise((resolve) => {
    let timer = 0;
    const settle = (answer: unknown) => {
      clearTimeout(timer);
      channel?.close();
      resolve(answer);
    };
    const channel: Channel | null = connectChannel(path, {
      onMessage: settle,
      onEnd: () => settle(null),
    });
    if (channel === null) return resolve(null);
    timer = setTimeout(() => settle(null), answerTimeoutMs);
    channel.send({ command: "health" });
  });
}

/** The words after `supervise` of the container's first process; null: it is something else. */
function firstProcess(): string[] | null {
  let text: string;
  try {
    text = Deno.readTextFileSync("/proc/1/cmdline");
  } catch {
    // Not ours to see: then it is not the supervisor of this user's container either.
    return null;
  }
  const words = text.split("\0").slice(0, -1);
  // An init program of the engine has our command line as its arguments.
  const at = words.indexOf("supervise");
  return at < 1 || !/(^|\/)hayate$/.test(words[at - 1]) ? null : words.slice(at + 1);
}
