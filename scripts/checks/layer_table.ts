/** The layers as data: the layer of each folder of mod/, and the owners of restricted APIs. */

/** Folders of mod/ by layer, lowest first. A folder imports only from layers below its own. */
export const layers: readonly (readonly string[])[] = [
  ["code"],
  ["base", "std"],
  ["http", "proxy_protocol", "metrics", "config", "cli", "sys"],
  // http1 and http2 are siblings: what both need is in http.
  ["http1", "http2", "web_socket", "net", "process", "log"],
  ["conn", "tls", "static", "lifecycle", "acme", "script"],
  ["probes"],
  ["load", "serve", "supervise", "proxy", "doctor", "health", "build"],
];

/**
 * The rooms inside one folder of mod/, by layer, lowest first, under the same rule: a room imports
 * only from rooms below its own. Files at the top of the folder are above all of its rooms, so no
 * room imports them. A room's name may have several parts (`engine/forward`); it includes its
 * subfolders, except those that are rooms themselves. Folders that are not listed have no rooms.
 */
export const rooms: Readonly<Record<string, readonly (readonly string[])[]>> = {
  conn: [
    ["io"],
    ["exchange"],
    ["http1", "http2", "accept", "upstream"],
    ["upstream/http2"],
  ],
  load: [
    ["request"],
    ["plan", "topics"],
    ["options"],
    ["stats"],
    ["script", "replay", "metrics"],
    ["thread", "report"],
    ["live"],
    ["run"],
    ["search", "bench"],
    ["fleet/wire"],
    ["fleet/places", "fleet/join", "fleet/relay"],
    ["fleet"],
  ],
  http2: [
    ["fields", "frames", "guard"],
    ["hpack", "priority"],
    ["session"],
  ],
  lifecycle: [
    ["core"],
  ],
  script: [
    ["esbuild"],
    ["linker"],
    ["cache"],
    ["built"],
  ],
  acme: [
    ["der"],
    ["core"],
    ["client", "store"],
  ],
  supervise: [
    ["plan", "topics"],
    ["sockets", "control", "generations"],
    ["takeover", "replacement"],
  ],
  serve: [
    ["plan", "topics"],
    ["clients", "profile"],
    ["fetch", "sockets", "site/rules"],
    ["site"],
    ["app"],
    ["worker"],
    ["master"],
  ],
  proxy: [
    ["plan", "topics"],
    // The parser of h2o.conf; `readers` keeps run time away from it.
    ["directives/draft"],
    ["directives/upstream", "directives/listen"],
    ["directives/path"],
    ["directives"],
    ["ctl"],
    // Run time, from what a peer is to what holds the sockets.
    ["balance", "routing"],
    ["health", "names"],
    ["engine/fields"],
    ["engine/records"],
    ["engine/clients"],
    ["engine/routes"],
    ["engine/responses"],
    ["engine/forward"],
    ["engine/handlers"],
    ["engine"],
    ["control"],
    ["workers"],
    ["server"],
  ],
};

/**
 * Rooms that, besides themselves, only these rooms of the same folder import; "" is its top. Run
 * time reads the plan, never the file that it came from.
 */
export const readers: Readonly<Record<string, readonly string[]>> = {
  "proxy/directives": ["", "ctl"],
};

/**
 * Private parts of mod/, by path prefix, and the only files and folders that may import them: the
 * reactor's back ends, and the tables of raw system calls. A folder may always import itself. The
 * check covers main.ts and mod/; tests import what they test.
 */
export const privateParts: readonly {
  parts: readonly string[];
  owners: readonly string[];
  instead: string;
}[] = [
  {
    parts: ["mod/net/epoll/"],
    owners: ["mod/net/mod.ts"],
    instead: "use createReactor or the public files of mod/net",
  },
  {
    parts: ["mod/net/portable/"],
    owners: ["mod/net/mod.ts"],
    instead: "use createReactor or the public files of mod/net",
  },
  {
    parts: [
      "mod/sys/libc.ts",
      "mod/sys/libc_process.ts",
      "mod/sys/libc_socket.ts",
      "mod/sys/libc_users.ts",
      "mod/sys/file_calls.ts",
      "mod/sys/libssl.ts",
      "mod/sys/libssl_ocsp.ts",
    ],
    owners: [
      "mod/sys/",
      "mod/net/",
      "mod/process/",
      "mod/static/",
      "mod/tls/",
      // It asks OpenSSL about a certificate; `tls` is in its own layer.
      "mod/acme/store/pair_fault.ts",
      // They replace the standard descriptors of their own process.
      "mod/supervise/daemon.ts",
      "mod/supervise/log_output.ts",
    ],
    instead: "use what net, process, static and tls export",
  },
];

/** APIs that only some parts of the tree may use. `owners` are paths relative to the root. */
export interface OwnerRule {
  /** Spelled as in the source: `Deno.exit`, or a global function or class such as `fetch`. */
  readonly names: readonly string[];
  readonly owners: readonly string[];
  /** What other code must use; completes a sentence. */
  readonly instead: string;
}

/** One owner for each access to the outside. */
export const ownerRules: readonly OwnerRule[] = [
  { names: ["Deno.exit"], owners: ["main.ts"], instead: "return an exit code, main.ts exits" },
  { names: ["Deno.dlopen"], owners: ["mod/sys/"], instead: "use what mod/sys exports" },
  {
    names: [
      "Deno.listen",
      "Deno.listenDatagram",
      "Deno.listenTls",
      "Deno.connect",
      "Deno.connectTls",
    ],
    owners: ["mod/net/"],
    instead: "use the reactor of mod/net, or its DNS and message sockets",
  },
  {
    // One place that starts programs, so that one rule decides which descriptors a child inherits.
    names: ["Deno.Command", "libcProcess.posix_spawn"],
    owners: ["mod/process/children/spawn.ts"],
    instead: "use spawn of mod/process",
  },
  {
    names: [
      "Deno.addSignalListener",
      "Deno.removeSignalListener",
      "Deno.kill",
    ],
    owners: ["mod/process/"],
    instead: "use what mod/process exports",
  },
  {
    // main.ts reads HAYATE_DEBUG before any mode is loaded.
    names: ["Deno.env"],
    owners: ["mod/process/", "main.ts"],
    instead: "take the value as a parameter, mod/process reads the environment",
  },
  {
    // The supervisor runs no reactor; a probe follows no redirect and reads one line. A few requests
    // to a CA in weeks need no connection of ours; their bodies are bounded.
    names: ["fetch", "WebSocket", "EventSource", "Deno.createHttpClient"],
    owners: ["mod/probes/ask_http.ts", "mod/acme/client/transport.ts"],
    instead: "use the connections of mod/conn: these open sockets of their own",
  },
  {
    names: ["Deno.serve"],
    owners: [],
    instead:
      "use HttpServer of mod/conn: strangers must not reach Deno's own server (mod/README.md)",
  },
];

/** External modules by name prefix, and the only folders that may import them. */
export const importRules: readonly {
  prefix: string;
  owners: readonly string[];
  instead: string;
}[] = [
  { prefix: "@std/", owners: ["mod/std/"], instead: "import a typed wrapper from mod/std" },
  { prefix: "yaml", owners: ["mod/config/"], instead: "use mod/config" },
  // Deno has no getaddrinfo API of its own; names must resolve as the host resolves them.
  { prefix: "node:dns", owners: ["mod/net/"], instead: "use resolveHost of mod/net" },
  // V8's profiler has no other door.
  { prefix: "node:inspector", owners: ["mod/std/"], instead: "use mod/std/profiler.ts" },
  // Deno's own CompressionStream has no Zstandard and no levels.
  { prefix: "node:zlib", owners: ["mod/std/"], instead: "use mod/std/compressor.ts" },
  {
    prefix: "node:module",
    owners: ["mod/script/"],
    instead: "use import: only an app's packages need require",
  },
  {
    prefix: "node:http",
    owners: ["mod/serve/app/node_http.ts"],
    instead: "use mod/conn: this one is for apps that expect its objects",
  },
  {
    prefix: "node:events",
    owners: ["mod/serve/app/node_http.ts"],
    instead: "use callbacks: this one is for apps that expect its objects",
  },
  { prefix: "node:vm", owners: ["mod/code/"], instead: "use import()" },
  { prefix: "node:", owners: [], instead: "use Deno's own API or mod/sys" },
  { prefix: "npm:", owners: [], instead: "name it in the import map of deno.json" },
  { prefix: "jsr:", owners: [], instead: "name it in the import map of deno.json" },
  { prefix: "http", owners: [], instead: "name it in the import map of deno.json" },
];

/** The only folders that may compute the name of an imported module: the user's app on disk. */
export const computedImportOwners: readonly string[] = ["mod/script/"];

/** The codecs: bytes in, events out. */
export const codecs: readonly string[] = ["http", "http1", "http2", "web_socket"];

/** What the codecs must not use: sockets, clocks, promises, Deno. */
export const codecStrangers: readonly string[] = [
  "Deno",
  "Promise",
  "performance",
  "setTimeout",
  "setInterval",
  "queueMicrotask",
];

/** The layer of a folder of mod/, or -1 for a folder missing from the table. */
export function layerOf(folder: string): number {
  return layers.findIndex((folders) => folders.includes(folder));
}

/**
 * Why `from` must not import `to`, or null when it may. Both are paths relative to the root, `from`
 * inside mod/.
 */
export function importFault(from: string, to: string): string | null {
  if (!to.startsWith("mod/")) return `mod/ imports nothing from outside of mod/, found ${to}`;
  const [fromFolder, toFolder] = [from.split("/")[1], to.split("/")[1]];
  const [fromLayer, toLayer] = [layerOf(fromFolder), layerOf(toFolder)];
  for (const [folder, layer] of [[fromFolder, fromLayer], [toFolder, toLayer]] as const) {
    if (layer < 0) return `mod/${folder} has no layer: add it to scripts/checks/layer_table.ts`;
  }
  if (fromFolder === toFolder) return privateFault(from, to) ?? roomsFault(fromFolder, from, to);
  if (toLayer < fromLayer) return privateFault(from, to);
  const relation = toLayer === fromLayer ? "a sibling in the same layer" : "a layer above";
  return `${fromFolder} (layer ${fromLayer}) must not import ${toFolder} (layer ${toLayer}), ${relation}`;
}

function privateFault(from: string, to: string): string | null {
  for (const { parts, owners, instead } of privateParts) {
    if (!isOwner(to, parts) || isOwner(from, parts) || isOwner(from, owners)) continue;
    return `${to} is private: ${instead}`;
  }
  return null;
}

/** The room of `path` in `mod/${folder}/`; "" at its top, null when missing from the table. */
export function roomOf(folder: string, path: string): string | null {
  const inside = path.slice(`mod/${folder}/`.length);
  if (!inside.includes("/")) return "";
  const names = rooms[folder].flat().filter((name) => inside.startsWith(`${name}/`));
  return names.sort((a, b) => b.length - a.length)[0] ?? null;
}

function roomsFault(folder: string, from: string, to: string): string | null {
  if (!(folder in rooms)) return null;
  const [fromRoom, toRoom] = [roomOf(folder, from), roomOf(folder, to)];
  if (fromRoom === null || toRoom === null) {
    const path = fromRoom === null ? from : to;
    const unknown = path.slice(0, path.lastIndexOf("/"));
    return `${unknown} has no layer: add it to the rooms in scripts/checks/layer_table.ts`;
  }
  if (fromRoom === toRoom) return null;
  for (const [path, allowed] of Object.entries(readers)) {
    const isInside = (room: string) => `${folder}/${room}/`.startsWith(`${path}/`);
    if (isInside(toRoom) && !isInside(fromRoom) && !allowed.includes(fromRoom)) {
      return `${folder}/${fromRoom} must not import ${path}, which only the start reads`;
    }
  }
  const [fromLayer, toLayer] = [fromRoom, toRoom].map((room) => roomLayer(folder, room));
  if (toLayer < fromLayer) return null;
  const relation = toLayer === fromLayer ? "a sibling in the same layer" : "a layer above";
  return `${folder}/${fromRoom} must not import ${
    toRoom === "" ? to : `${folder}/${toRoom}`
  }, ${relation}`;
}

function roomLayer(folder: string, room: string): number {
  const layer = rooms[folder].findIndex((names) => names.includes(room));
  return layer < 0 ? rooms[folder].length : layer;
}

/** True when `path` is one of `owners` or lies in one of them. */
export function isOwner(path: string, owners: readonly string[]): boolean {
  return owners.some((owner) => owner.endsWith("/") ? path.startsWith(owner) : path === owner);
}
