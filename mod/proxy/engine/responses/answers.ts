/** Responses that the proxy makes itself. */
import type { Exchange } from "../../../conn/exchange/exchange.ts";
import { Framing } from "../../../http/mod.ts";
import { compress } from "../../../std/compressor.ts";
import { encodingOf, levelOf, negotiatedFields } from "./compression.ts";
import { documentFields } from "./error_documents.ts";
import type { ConnectionFacts } from "../clients/connection_facts.ts";
import { changeFields } from "./changed_fields.ts";
import type { Field } from "../fields/field_rules.ts";
import type { Route } from "../routes/routes.ts";
import type { ServerFields } from "../fields/server_fields.ts";

const encoder = new TextEncoder();

/** Sends a whole response and applies the route's rules. `fields` exclude framing fields. */
export function answer(
  exchange: Exchange,
  route: Route | null,
  server: ServerFields,
  status: number,
  fields: readonly Field[],
  body: string | Uint8Array,
  reason?: string,
): void {
  let content = typeof body === "string" ? encoder.encode(body) : body;
  // An error document is sent with the error's status (error-doc).
  const facts = exchange.keptContext as ConnectionFacts;
  const { errorStatus, record, answeredId } = facts;
  if (route?.changesResponses) record?.noteOriginal(status, fields);
  const writer = errorStatus === 0
    ? exchange.beginHead(status, reason, false)
    : exchange.beginHead(errorStatus, undefined, false);
  let changed = errorStatus === 0 ? fields : documentFields(fields, facts);
  if (route?.changesResponses) {
    const encoding = encodingOf(exchange, route, status, content.length, changed);
    const sentStatus = errorStatus || status;
    const { compress: plan, compressBytesMin } = route.settings;
    if (plan !== null) {
      changed = negotiatedFields(changed, encoding, compressBytesMin, sentStatus, content.length);
    }
    if (encoding !== null) content = compress(content, encoding, levelOf(plan!, encoding));
    changed = changeFields(changed.map((field) => ({ ...field })), sentStatus, route);
  }
  for (const { name, value } of changed) writer.field(name, value);
  server.writeOwn(writer);
  if (answeredId !== null) answeredId.writeLine(writer);
  exchange.endHead(Framing.length, content.length);
  exchange.writeBody(content, 0, content.length);
  exchange.endBody();
}

export const textPlain: Field = { name: "Content-Type", value: "text/plain; charset=utf-8" };
export const textHtml: Field = { name: "Content-Type", value: "text/html; charset=utf-8" };
