/**
 * Checks objects against the types of Kubernetes' API.
 *
 * Two packages, pinned and fetched from npm when needed: one has validators made from the API's
 * OpenAPI document, which accept unknown fields; the other has a table of each type's fields. They
 * are no part of the program, so they are in neither deno.json nor deno.lock: hence a separate
 * process, and specifiers that the module graph does not see.
 */
const packages = {
  models: "kubernetes-models@5.1.0",
  client: "@kubernetes/client-node@1.4.0",
} as const;

/** The exit code when npm cannot be reached. */
const unreachable = 69;

interface FieldType {
  readonly baseName: string;
  readonly type: string;
}

/** The parts of the client that are used: a class for each type, by its name. */
type Types = Record<string, { getAttributeTypeMap?(): FieldType[] } | undefined>;

/** An object of a manifest. */
interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
}

/**
 * Faults of each object as `where: what`; none for a valid one. Null when npm cannot be reached.
 * Throws when the check itself fails.
 */
export async function schemaFaults(objects: readonly unknown[]): Promise<string[][] | null> {
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "--quiet", "--no-lock", "--no-config", "--node-modules-dir=none", "-A"]
      .concat(import.meta.filename!),
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const writer = child.stdin.getWriter();
  await writer.write(new TextEncoder().encode(JSON.stringify(objects)));
  await writer.close();
  const { code, stdout, stderr } = await child.output();
  const decoder = new TextDecoder();
  if (code === unreachable) return null;
  if (code === 0) return JSON.parse(decoder.decode(stdout));
  throw new Error(`Cannot check the manifests: ${decoder.decode(stderr).trim()}`);
}

async function faultsOf(object: Manifest, types: Types): Promise<string[]> {
  const models = await import(`npm:${packages.models}/${object.apiVersion}`);
  const model = models[object.kind];
  const type = `V1${object.kind}`;
  if (model === undefined) return [`/kind: ${object.apiVersion} has no ${object.kind}`];
  return [...invalidFields(new model(object)), ...unknownFields(object, type, types, "")];
}

function invalidFields(model: { validate(): void }): string[] {
  try {
    model.validate();
    return [];
  } catch (error) {
    const { errors } = error as { errors?: { instancePath: string; message: string }[] };
    if (errors === undefined) throw error;
    return errors.map(({ instancePath, message }) => `${instancePath}: ${message}`);
  }
}

/** Fields that `type` has not. A type without a table is a plain value or a free map. */
function unknownFields(value: unknown, type: string, types: Types, path: string): string[] {
  const items = /^Array<(.*)>$/.exec(type);
  if (items !== null && Array.isArray(value)) {
    return value.flatMap((each, index) => unknownFields(each, items[1], types, `${path}/${index}`));
  }
  const fields = types[type]?.getAttributeTypeMap?.();
  if (fields === undefined || typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([name, inner]) => {
    const field = fields.find(({ baseName }) => baseName === name);
    const place = `${path}/${name}`;
    if (field === undefined) return [`${place}: ${type} has no such field`];
    return unknownFields(inner, field.type, types, place);
  });
}

if (import.meta.main) {
  const objects = JSON.parse(await new Response(Deno.stdin.readable).text()) as Manifest[];
  let types: Types;
  try {
    types = await import(`npm:${packages.client}`);
    await import(`npm:${packages.models}/apps/v1`);
  } catch (error) {
    console.error(error);
    Deno.exit(unreachable);
  }
  const faults: string[][] = [];
  for (const object of objects) faults.push(await faultsOf(object, types));
  console.log(JSON.stringify(faults));
}
