/** The programs of floor/: the system calls that cannot be avoided, and nothing else. */
import { type Address, formatAddress } from "../../../mod/base/address.ts";
import type { ClientSpec, Place, ServerSpec } from "../comparison.ts";
import { documentRoot, documentsOf } from "./documents.ts";

function where(address: Address): string {
  return address.kind === "unix" ? address.path : String(address.port);
}

function server(words: (place: Place) => readonly string[]): ServerSpec {
  return {
    name: "floor",
    program: "floor/server",
    isFloor: true,
    args: (place) => [where(place.address), ...words(place)],
  };
}

/** Answers of 12 bytes, all alike. */
export const floorServer: ServerSpec = server(() => []);
/** 997 different heads and bodies in turn. */
export const floorServerVaried: ServerSpec = server(() => ["varied"]);
export const floorServerClose: ServerSpec = server(() => ["close"]);
/** On every address of 127.0.0.0/8, as many peers of one upstream. */
export const floorServerAny: ServerSpec = server(() => ["any"]);
/** Answers when a request's body has come. */
export const floorServerSink: ServerSpec = server(() => ["sink"]);
/** Never answers. */
export const floorServerSilent: ServerSpec = server(() => ["silent"]);

/** One file of `bytes` bytes, with sendfile. */
export function floorFiles(bytes: number): ServerSpec {
  return {
    ...server((place) => ["file", `${documentRoot(place)}/index.html`]),
    files: () => documentsOf(bytes),
  };
}

export const floorProxy: ServerSpec = {
  name: "floor",
  program: "floor/proxy",
  isFloor: true,
  args: ({ address, upstream }) => {
    if (upstream === null) throw new TypeError("Cannot start a proxy: it has no upstream");
    return [where(address), where(upstream)];
  },
};

function client(...words: readonly string[]): ClientSpec {
  return {
    name: "floor",
    program: "floor/client",
    isFloor: true,
    transports: ["tcp", "unix"],
    args: ({ address, isTls }, connections, seconds) => {
      if (isTls) throw new TypeError(`Cannot load ${formatAddress(address)}: no TLS here`);
      return [where(address), String(connections), String(seconds), ...words];
    },
  };
}

export const floorClient: ClientSpec = client();
export const floorClientVaried: ClientSpec = client("varied");
export const floorClientClose: ClientSpec = client("close");
