import { ByteWriter } from "../frames/byte_writer.ts";
import type { SectionLimits } from "../fields/field_section.ts";
import { RequestSection } from "../fields/request_section.ts";
import { ResponseSection } from "../fields/response_section.ts";
import { TrailerSection } from "../fields/trailer_section.ts";
import { FrameWriter } from "../frames/frame_writer.ts";
import { LineArea } from "../hpack/line_area.ts";
import { LineCache } from "../hpack/line_cache.ts";
import { KnownSection } from "./known_section.ts";

/** The buffers and heads that all sessions of a thread share: each is used for one call at a time. */
export class HeadSpace {
  readonly area: LineArea;
  readonly request: RequestSection;
  readonly response: ResponseSection;
  readonly trailers: TrailerSection;
  readonly knownRequest = new KnownSection();
  readonly knownResponse = new KnownSection();
  /** Lines that repeat in heads that are sent. */
  readonly lines = new LineCache();
  /** Frames that are put together for one write. */
  readonly frames = new FrameWriter();
  /** Field blocks of heads that are being encoded. */
  readonly block = new ByteWriter();

  /** `makeKey`: as for `RequestSection`. */
  constructor(limits: SectionLimits, tableBytesMax: number, makeKey?: () => string) {
    this.area = new LineArea(tableBytesMax);
    this.request = new RequestSection(limits, this.area, makeKey);
    this.response = new ResponseSection(limits, this.area);
    this.trailers = new TrailerSection(limits, this.area);
  }
}
