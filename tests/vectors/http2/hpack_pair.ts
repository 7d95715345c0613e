/** Both sides of HPACK, to see what the one makes of the other. */
import { latin1Bytes } from "../../../mod/http/latin1.ts";
import { MessageHead } from "../../../mod/http/message_head.ts";
import { FieldSection } from "../../../mod/http2/fields/field_section.ts";
import { ByteWriter } from "../../../mod/http2/frames/byte_writer.ts";
import { HpackDecoder } from "../../../mod/http2/hpack/decoder.ts";
import { HpackEncoder } from "../../../mod/http2/hpack/encoder.ts";
import { LineArea } from "../../../mod/http2/hpack/line_area.ts";
import { LineCache } from "../../../mod/http2/hpack/line_cache.ts";
import { defaultSectionLimits } from "../../../mod/http2/mod.ts";

/** Keeps every field as it was decoded, pseudo fields too. */
export class AllFields extends FieldSection {
  readonly #area: LineArea;

  constructor(area: LineArea, limits = defaultSectionLimits) {
    super(new MessageHead(true, 512), limits, area);
    this.#area = area;
  }

  protected addKnown(...field: Parameters<FieldSection["add"]>): void {
    this.append(...field);
  }

  text(): string {
    const { head } = this;
    head.bytes = this.#area.bytes;
    return Array.from(
      { length: head.fieldCount },
      (_, i) => `${head.name(i)}: ${head.value(i)}${head.isNeverIndexed(i) ? " (never)" : ""}`,
    ).join("|");
  }
}

export class HpackPair {
  readonly area = new LineArea(4096);
  readonly decoder: HpackDecoder;
  readonly fields = new AllFields(this.area);
  readonly block = new ByteWriter();
  readonly encoder = new HpackEncoder(false, true, this.block, new LineCache());

  constructor(tableBytesMax = 4096) {
    this.decoder = new HpackDecoder(this.area, tableBytesMax);
  }

  decode(block: Uint8Array): string {
    this.fields.begin();
    const code = this.decoder.decode(block, 0, block.length, this.fields);
    return code === 0 ? this.fields.text() : `error ${code}`;
  }

  encode(lines: string): Uint8Array {
    const input = latin1Bytes(lines);
    this.block.clear();
    this.encoder.begin();
    this.encoder.lines(input, 0, input.length, null);
    return this.block.bytes.slice(0, this.block.length);
  }
}

