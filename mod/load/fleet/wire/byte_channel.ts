/** A stream of bytes both ways, between a process that was started for a run and the one that leads it. */

export interface ByteChannel {
  readonly input: AsyncIterable<Uint8Array>;
  /** Resolves when the bytes are on their way. */
  write(bytes: Uint8Array): Promise<void>;
}

/** The channel of a process that ssh, kubectl or docker has started: standard input and output. */
export function standardChannel(): ByteChannel {
  return {
    input: Deno.stdin.readable,
    async write(bytes) {
      for (let at = 0; at < bytes.length;) at += await Deno.stdout.write(bytes.subarray(at));
    },
  };
}
