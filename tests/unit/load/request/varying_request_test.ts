import { assert, assertEquals, assertMatch } from "@std/assert";
import { buildVarying, type VaryingParts } from "../../../../mod/load/request/build_varying.ts";
import { LineFiles } from "../../../../mod/load/request/line_files.ts";
import { readPlaceholders, TemplateFault } from "../../../../mod/load/request/placeholders.ts";
import { ValueSource } from "../../../../mod/load/request/value_source.ts";
import { VaryingRequest } from "../../../../mod/load/request/varying_request.ts";

const decoder = new TextDecoder();

function partsOf(text: string) {
  const parts = readPlaceholders(text);
  if (parts instanceof TemplateFault) throw new TypeError(parts.what);
  return parts;
}

interface Texts {
  readonly path?: string;
  readonly header?: string;
  readonly body?: string;
  readonly isBodyBinary?: boolean;
}

function varying(texts: Texts, thread = 0, threads = 1): VaryingRequest {
  const { path = "/", header, body, isBodyBinary = false } = texts;
  const parts: VaryingParts = {
    method: body === undefined ? "GET" : "POST",
    path: partsOf(path),
    authority: ["h"],
    headers: header === undefined ? [] : [{ name: "X", value: partsOf(header) }],
    userinfo: null,
    body: body === undefined ? null : partsOf(body),
    isBodyBinary,
    http10: false,
    keepalive: true,
  };
  const source = new ValueSource(thread, threads, Uint32Array.of(1, 2, 3, 4 + thread));
  return new VaryingRequest(buildVarying(parts, new LineFiles()), source);
}

function next(request: VaryingRequest): string {
  const values = new Float64Array(request.valueCount);
  request.draw(values);
  request.render(values);
  return decoder.decode(request.bytes.subarray(0, request.length));
}

Deno.test("a varying request has each value in its place, whatever the lengths before it", () => {
  const request = varying({
    path: "/{seq:8}/{rand:5:5}?x={seq:8}",
    header: "<{seq:098}>",
    body: "n={seq:99998}&{rand:1:1}",
  });
  for (let step = 0; step < 25; step++) {
    const body = `n=${99998 + step}&1`;
    assertEquals(
      next(request),
      `POST /${8 + step}/5?x=${8 + step} HTTP/1.1\r\nHost: h\r\n` +
        `X: <${String(98 + step).padStart(3, "0")}>\r\n` +
        `Content-Length: ${body.length}\r\n\r\n${body}`,
    );
  }
});

Deno.test("the length of a body is announced as it is, with one digit and with many", async () => {
  const file = await Deno.makeTempFile();
  const lines = ["a", "b".repeat(9), "c".repeat(99), "é".repeat(500), "d"];
  await Deno.writeTextFile(file, `${lines.join("\r\n\n")}\n`);
  const request = varying({ body: `{line:${file}}` });
  for (let step = 0; step < 12; step++) {
    const line = lines[step % lines.length];
    const length = new TextEncoder().encode(line).length;
    assertEquals(
      next(request),
      `POST / HTTP/1.1\r\nHost: h\r\nContent-Length: ${length}\r\n\r\n${line}`,
    );
  }
  await Deno.remove(file);
});

Deno.test("threads count together without a gap and take each line once", async () => {
  const file = await Deno.makeTempFile();
  await Deno.writeTextFile(file, "a\nb\nc\nd\ne");
  const all: string[] = [];
  for (let thread = 0; thread < 3; thread++) {
    const request = varying({ path: `/{seq:1}/{line:${file}}` }, thread, 3);
    for (let step = 0; step < 5; step++) all.push(next(request).split(" ")[1]);
  }
  const expected = Array.from({ length: 15 }, (_, i) => `/${i + 1}/${"abcde"[i % 5]}`);
  assertEquals(all.sort(), expected.sort());
  await Deno.remove(file);
});

Deno.test("rand covers its range evenly, also beyond 32 bits, and uuid is one of version 4", () => {
  const dice = varying({ path: "/{rand:1:6}" });
  const counts = new Map<string, number>();
  for (let step = 0; step < 60_000; step++) {
    const path = next(dice).split(" ")[1];
    counts.set(path, (counts.get(path) ?? 0) + 1);
  }
  assertEquals([...counts.keys()].sort(), ["/1", "/2", "/3", "/4", "/5", "/6"]);
  // Ten standard deviations.
  for (const count of counts.values()) assert(Math.abs(count - 10_000) < 900, `${count}`);
  const wide = varying({ path: "/{rand:9007199254740000:9007199254740991}" });
  for (let step = 0; step < 1000; step++) assertMatch(next(wide), /^GET \/9007199254740\d{3} /);
  const uuids = varying({ path: "/{uuid}", header: "{uuid}" });
  const seen = new Set<string>();
  for (let step = 0; step < 1000; step++) {
    const pattern = "[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}";
    const text = next(uuids);
    assertMatch(text, new RegExp(`^GET /${pattern} HTTP/1.1\r\nHost: h\r\nX: ${pattern}\r\n\r\n$`));
    for (const [uuid] of text.matchAll(new RegExp(pattern, "g"))) seen.add(uuid);
  }
  assertEquals(seen.size, 2000);
});

Deno.test("values that were drawn are the same each time they are written", () => {
  const request = varying({ path: "/{rand:1:1000000}/{uuid}", body: "{seq:9}" });
  const first = new Float64Array(request.valueCount), second = first.slice();
  request.draw(first);
  request.draw(second);
  const write = (values: Float64Array) => {
    request.render(values);
    return decoder.decode(request.bytes.subarray(0, request.length));
  };
  const texts = [write(first), write(second)];
  assertEquals([write(first), write(second), write(first)], [texts[0], texts[1], texts[0]]);
  assert(texts[0] !== texts[1]);
});

Deno.test("a binary body keeps its bytes around the values", () => {
  const request = varying({ body: "\xff\x00{seq:1}\xfe", isBodyBinary: true });
  next(request);
  const body = request.bytes.subarray(request.length - 4, request.length);
  assertEquals([...body], [0xff, 0, 0x31, 0xfe]);
});
