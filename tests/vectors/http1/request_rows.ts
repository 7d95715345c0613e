import { fieldRows } from "./field_rows.ts";
import { framingRows } from "./framing_rows.ts";
import { limitRows } from "./limit_rows.ts";
import { requestLineRows } from "./request_line_rows.ts";
import type { RequestRow } from "./rows.ts";

export type { RequestRow };

/** Every request row: for the codec alone, for the fuzzers' corpus, and for live servers. */
export const requestRows: readonly RequestRow[] = [
  ...requestLineRows,
  ...fieldRows,
  ...framingRows,
  ...limitRows,
];
