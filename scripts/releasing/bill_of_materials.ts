/** The components of a binary as CycloneDX 1.5 (ECMA-424), from deno.lock. Pure. */
import { esbuildVersion } from "../../mod/script/esbuild/version.ts";

/** Input of the bill. */
export interface Bill {
  readonly version: string;
  /** The commit's date, so that two bills of one commit are identical. */
  readonly date: Date;
  readonly commit: string;
  /** The text of deno.lock. */
  readonly lock: string;
  readonly denoVersion: string;
  readonly v8Version: string;
  /** SHA-256 of each binary by its file name. */
  readonly binaries: Readonly<Record<string, string>>;
}

interface Component {
  readonly type: string;
  readonly name: string;
  readonly version: string;
  readonly [property: string]: unknown;
}

/** Renders the document. */
export function renderBill(bill: Bill): string {
  const packages = npmPackages(bill.lock);
  const root = `hayate@${bill.version}`;
  const runtime = runtimeParts(bill);
  const direct = [...runtime.filter(({ name }) => name !== "v8"), ...packages.direct];
  const document = {
    bomFormat: "CycloneDX",
    specVersion: "1.5",
    version: 1,
    metadata: {
      timestamp: bill.date.toISOString(),
      component: {
        type: "application",
        "bom-ref": root,
        name: "hayate",
        version: bill.version,
        properties: [
          { name: "hayate:commit", value: bill.commit },
          ...Object.entries(bill.binaries).map(([file, sha256]) => ({
            name: `hayate:sha256:${file}`,
            value: sha256,
          })),
        ],
      },
    },
    components: [...runtime, ...packages.all],
    dependencies: [
      { ref: root, dependsOn: direct.map((each) => each["bom-ref"]) },
      { ref: `deno@${bill.denoVersion}`, dependsOn: [`v8@${bill.v8Version}`] },
      ...packages.dependencies,
    ],
  };
  return JSON.stringify(document, null, 2) + "\n";
}

/** Components that are not from npm: the embedded runtime and the host's libraries. */
function runtimeParts(bill: Bill): Component[] {
  return [
    {
      type: "platform",
      "bom-ref": `deno@${bill.denoVersion}`,
      name: "deno",
      version: bill.denoVersion,
      purl: `pkg:github/denoland/deno@v${bill.denoVersion}`,
      description: "the runtime (denort) that the binary begins with",
      licenses: [{ license: { id: "MIT" } }],
    },
    {
      type: "library",
      "bom-ref": `v8@${bill.v8Version}`,
      name: "v8",
      version: bill.v8Version,
      description: "a part of deno",
      licenses: [{ license: { id: "BSD-3-Clause" } }],
    },
    {
      type: "application",
      "bom-ref": `esbuild@${esbuildVersion}`,
      name: "esbuild",
      version: esbuildVersion,
      purl: `pkg:github/evanw/esbuild@v${esbuildVersion}`,
      description: "a program that the binary contains, and runs to link an app's modules",
      licenses: [{ license: { id: "MIT" } }],
    },
    {
      type: "library",
      "bom-ref": "openssl@3",
      name: "openssl",
      version: "3",
      scope: "optional",
      description:
        "libssl.so.3 and libcrypto.so.3 of the host, loaded when TLS is used; not contained",
      licenses: [{ license: { id: "Apache-2.0" } }],
    },
    {
      type: "library",
      "bom-ref": "glibc@2",
      name: "glibc",
      version: "2",
      scope: "required",
      description: "libc.so.6 of the host; not contained",
      licenses: [{ license: { id: "LGPL-2.1-or-later" } }],
    },
  ];
}

interface Lock {
  readonly npm?: Readonly<Record<string, { integrity: string; dependencies?: string[] }>>;
  readonly workspace?: { readonly dependencies?: readonly string[] };
}

/** Packages of deno.lock; those in deno.json are direct dependencies. */
function npmPackages(text: string) {
  const lock = JSON.parse(text) as Lock;
  const entries = Object.entries(lock.npm ?? {}).map(([key, { integrity, dependencies }]) => {
    const { name, version } = nameAndVersion(key);
    const component: Component = {
      type: "library",
      "bom-ref": `${name}@${version}`,
      name,
      version,
      purl: `pkg:npm/${name.replace("@", "%40")}@${version}`,
      hashes: [{ alg: "SHA-512", content: hexOf(integrity) }],
    };
    return { component, dependencies: dependencies ?? [] };
  });
  const refOf = (wanted: string) =>
    entries.find(({ component }) => component.name === wanted || component["bom-ref"] === wanted)
      ?.component["bom-ref"];
  const named = (lock.workspace?.dependencies ?? []).map((each) => each.replace(/^npm:/, ""));
  return {
    all: entries.map(({ component }) => component),
    direct: entries.map(({ component }) => component)
      .filter((component) => named.includes(String(component["bom-ref"]))),
    dependencies: entries.map(({ component, dependencies }) => ({
      ref: component["bom-ref"],
      dependsOn: dependencies.map(refOf).filter((ref) => ref !== undefined),
    })),
  };
}

/** `@scope/name@1.2.3_peer@4.5.6` is the package `@scope/name`, version 1.2.3. */
function nameAndVersion(key: string): { name: string; version: string } {
  const [, name = key, version = ""] = /^(@?[^@]+)@([^_]+)/.exec(key) ?? [];
  return { name, version };
}

/** npm's `sha512-BASE64` in hexadecimal. */
function hexOf(integrity: string): string {
  const bytes = Uint8Array.from(
    atob(integrity.replace(/^sha512-/, "")),
    (each) => each.charCodeAt(0),
  );
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
