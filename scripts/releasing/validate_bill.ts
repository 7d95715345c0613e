/**
 * Checks a bill of materials against CycloneDX's own JSON schema.
 *
 * Schema and validator are pinned and fetched from npm when needed. They are not part of the
 * program, so they are in neither deno.json nor deno.lock, from which the bill is made. Hence a
 * separate process, and specifiers that the module graph does not see.
 */
const packages = {
  library: "@cyclonedx/cyclonedx-library@10.3.0",
  ajv: "ajv@8.20.0",
  formats: "ajv-formats@3.0.1",
} as const;

/** The part of ajv's API that is used. */
interface Ajv {
  addSchema(schema: unknown, key: string): void;
  addFormat(name: string, format: boolean): void;
  compile(schema: unknown): {
    (document: unknown): boolean;
    errors?: { instancePath: string; message?: string }[] | null;
  };
}

/** Faults as `where: what`; empty for a valid document. Throws when npm cannot be reached. */
export async function billFaults(text: string): Promise<string[]> {
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "--quiet", "--no-lock", "--no-config", "--node-modules-dir=none", "-A"]
      .concat(import.meta.filename!),
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const writer = child.stdin.getWriter();
  await writer.write(new TextEncoder().encode(text));
  await writer.close();
  const { success, stdout, stderr } = await child.output();
  const decoder = new TextDecoder();
  if (success) return JSON.parse(decoder.decode(stdout));
  throw new Error(`Cannot validate the bill of materials: ${decoder.decode(stderr).trim()}`);
}

async function validate(text: string): Promise<string[]> {
  const [{ Ajv }, { default: addFormats }, resources] = await Promise.all([
    import(`npm:${packages.ajv}`),
    import(`npm:${packages.formats}`),
    import(`npm:${packages.library}`),
  ]);
  const { FILES } = resources.default._Resources;
  const ajv: Ajv = new Ajv({ strict: false, allErrors: true });
  addFormats(ajv);
  // Formats unknown to ajv-formats; none of our values has one.
  for (const name of ["iri-reference", "idn-email"]) ajv.addFormat(name, true);
  const read = async (file: string | URL) => JSON.parse(await Deno.readTextFile(file));
  for (const { JSON_SCHEMA } of [FILES.SPDX, FILES.CryptoDefs, FILES.JSF]) {
    // Schemas refer to each other by file name.
    const key = JSON_SCHEMA.slice(JSON_SCHEMA.lastIndexOf("/") + 1);
    ajv.addSchema(await read(JSON_SCHEMA), `http://cyclonedx.org/schema/${key}`);
  }
  const document = JSON.parse(text);
  const check = ajv.compile(await read(FILES.CDX.JSON_SCHEMA[document.specVersion]));
  if (check(document)) return [];
  return (check.errors ?? []).map(({ instancePath, message }) =>
    `${instancePath || "/"}: ${message ?? "invalid"}`
  );
}

if (import.meta.main) {
  console.log(JSON.stringify(await validate(await new Response(Deno.stdin.readable).text())));
}
