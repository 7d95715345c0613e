/** What `hayate build` puts into a program: a line of JSON, the linked code, its source map. */
import { count, flag, list, readShaped, record, text } from "../../base/shape.ts";
import { damaged } from "./section.ts";

/** A file of an included folder. */
export interface BuiltFile {
  /** Relative to the folder of the program; never begins with `/` or has `..`. */
  readonly path: string;
  readonly bytes: number;
  /** SHA-256 in hexadecimal. */
  readonly digest: string;
  readonly isExecutable: boolean;
}

interface Header {
  /** The entry, relative to the folder of the program. */
  readonly entry: string;
  readonly codeBytes: number;
  /** In the order in which they follow the content. */
  readonly files: readonly BuiltFile[];
}

const headerShape = record<Header>({
  entry: text,
  codeBytes: count,
  files: list(record<BuiltFile>({ path: text, bytes: count, digest: text, isExecutable: flag })),
});

/** An app in a program. */
export interface BuiltApp {
  readonly entry: string;
  readonly code: Uint8Array<ArrayBuffer>;
  readonly map: Uint8Array<ArrayBuffer>;
  readonly files: readonly BuiltFile[];
}

export function encodeContent({ entry, code, map, files }: BuiltApp): Uint8Array<ArrayBuffer> {
  const header: Header = { entry, codeBytes: code.length, files };
  const line = new TextEncoder().encode(`${JSON.stringify(header)}\n`);
  const content = new Uint8Array(line.length + code.length + map.length);
  content.set(line);
  content.set(code, line.length);
  content.set(map, line.length + code.length);
  return content;
}

/** Throws `StartError` for what another version has written. */
export function decodeContent(content: Uint8Array<ArrayBuffer>): BuiltApp {
  const end = content.indexOf(0x0a);
  const line = new TextDecoder().decode(content.subarray(0, Math.max(end, 0)));
  const read = readShaped<Header>(line, headerShape, "the header");
  if (typeof read === "string") throw damaged();
  const { entry, codeBytes, files } = read.value;
  const rest = content.subarray(end + 1);
  return { entry, files, code: rest.subarray(0, codeBytes), map: rest.subarray(codeBytes) };
}
