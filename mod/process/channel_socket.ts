/** Channels between processes that are not parent and child, over a unix socket at a path. */
import { libc } from "../sys/libc.ts";
import { AF, encodeSockaddr, SOCK } from "../sys/sockaddr.ts";
import { Channel, type ChannelHandler } from "./channel.ts";
import { descriptorWatch } from "./descriptor_watch.ts";

/** Accepts channels on a listening socket. */
export class ChannelServer {
  readonly #fd: number;
  readonly #channelsMax: number;
  readonly #onMessage: (channel: Channel, message: unknown) => void;
  readonly #channels = new Set<Channel>();

  /** Takes `fd` over. At most `channelsMax` channels are open; further clients are closed at once. */
  constructor(
    fd: number,
    channelsMax: number,
    onMessage: (channel: Channel, message: unknown) => void,
  ) {
    this.#fd = fd;
    this.#channelsMax = channelsMax;
    this.#onMessage = onMessage;
    descriptorWatch.watch(fd, () => this.#accept());
  }

  /** Closes the listening socket and all channels. */
  close(): void {
    descriptorWatch.forget(this.#fd);
    libc.close(this.#fd);
    for (const channel of this.#channels) channel.close();
    this.#channels.clear();
  }

  #accept(): void {
    const fd = libc.accept4(this.#fd, null, null, SOCK.cloexec);
    if (fd < 0) return;
    if (this.#channels.size >= this.#channelsMax) return void libc.close(fd);
    const channel: Channel = new Channel(fd, {
      onMessage: (message) => this.#onMessage(channel, message),
      onEnd: () => void this.#channels.delete(channel),
    });
    this.#channels.add(channel);
  }
}

/** Connects to the `ChannelServer` at `path`; null if none accepts there. */
export function connectChannel(path: string, handler: ChannelHandler): Channel | null {
  const fd = libc.socket(AF.unix, SOCK.stream | SOCK.cloexec, 0);
  const address = encodeSockaddr({ kind: "unix", path });
  if (libc.connect(fd, address, address.length) === 0) return new Channel(fd, handler);
  libc.close(fd);
  return null;
}
