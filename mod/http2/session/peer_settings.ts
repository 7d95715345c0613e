/** The peer's settings (RFC 9113 6.5.2). */
import { ErrorCode } from "../frames/error_code.ts";
import {
  frameBytesMin,
  frameBytesMost,
  initialTableBytes,
  initialWindowBytes,
  SettingId,
  windowBytesMax,
} from "../frames/constants.ts";
import { uint32At } from "../frames/frame_reader.ts";

export class PeerSettings {
  tableBytesMax: number = initialTableBytes;
  /** Streams that it lets us open. */
  streamsMax = Infinity;
  windowBytes: number = initialWindowBytes;
  frameBytesMax: number = frameBytesMin;
  /** Bytes of a field section that it accepts. */
  listBytesMax = Infinity;
  /** It accepts extended CONNECT (RFC 8441). */
  allowsConnect = false;
  #isServer: boolean;

  /** `isServer`: the peer is a server, which must not enable push. */
  constructor(isServer: boolean) {
    this.#isServer = isServer;
  }

  /** Reads the payload `[start, end)` of SETTINGS. Returns 0 or the code of a connection error. */
  read(bytes: Uint8Array, start: number, end: number): number {
    if ((end - start) % 6 !== 0) return ErrorCode.frameSizeError;
    for (let at = start; at < end; at += 6) {
      const error = this.#set(bytes[at] << 8 | bytes[at + 1], uint32At(bytes, at + 2));
      if (error !== 0) return error;
    }
    return 0;
  }

  #set(id: number, value: number): number {
    switch (id) {
      case SettingId.headerTableSize:
        this.tableBytesMax = value;
        return 0;
      case SettingId.enablePush:
        return value > 1 || (value === 1 && this.#isServer) ? ErrorCode.protocolError : 0;
      case SettingId.maxConcurrentStreams:
        this.streamsMax = value;
        return 0;
      case SettingId.initialWindowSize:
        if (value > windowBytesMax) return ErrorCode.flowControlError;
        this.windowBytes = value;
        return 0;
      case SettingId.maxFrameSize:
        if (value < frameBytesMin || value > frameBytesMost) return ErrorCode.protocolError;
        this.frameBytesMax = value;
        return 0;
      case SettingId.maxHeaderListSize:
        this.listBytesMax = value;
        return 0;
      case SettingId.enableConnectProtocol:
        // RFC 8441 3: what was allowed stays allowed.
        if (value > 1 || (value === 0 && this.allowsConnect)) return ErrorCode.protocolError;
        this.allowsConnect = value === 1;
        return 0;
      case SettingId.noRfc7540Priorities:
        return value > 1 ? ErrorCode.protocolError : 0;
      default:
        return 0;
    }
  }
}
