/** The fields of every response: `Server` and `Date`. */
import { DateLine } from "../../../conn/exchange/date_line.ts";
import { ConstantBytes, type HeadWriter } from "../../../http/mod.ts";
import type { Reactor } from "../../../net/reactor.ts";
import type { GlobalPlan } from "../../plan/plan.ts";

export class ServerFields {
  /** The upstream's own Server field is forwarded to the client. */
  readonly preserves: boolean;
  readonly #serverLine: ConstantBytes;
  readonly #date = new DateLine();
  readonly #reactor: Reactor;
  readonly #addsDate: boolean;

  constructor(global: GlobalPlan, reactor: Reactor) {
    this.preserves = global.sendServerName === "preserve";
    const line = global.sendServerName === "on" ? `Server: ${global.serverName}\r\n` : "";
    this.#serverLine = new ConstantBytes(line);
    this.#addsDate = global.emitMissingDate;
    this.#reactor = reactor;
  }

  /** For a forwarded response; the upstream's own Date is kept if it sent one. */
  write(writer: HeadWriter, dateIsMissing: boolean): void {
    writer.constant(this.#serverLine);
    if (dateIsMissing && this.#addsDate) this.#writeDate(writer);
  }

  /** For a response made by the proxy. */
  writeOwn(writer: HeadWriter): void {
    writer.constant(this.#serverLine);
    this.#writeDate(writer);
  }

  #writeDate(writer: HeadWriter): void {
    this.#date.refresh(this.#reactor.nowMs);
    const { bytes } = this.#date;
    writer.copy(bytes, 0, bytes.length);
  }
}
