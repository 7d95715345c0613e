/** `new Worker(URL.createObjectURL(blob))` in an app. */

let isInstalled = false;

/**
 * The loader of a compiled program knows no `blob:` modules, but `data:` ones. So such a worker
 * begins as a small `data:` module that reads the blob, which all threads can, and imports that.
 */
export function installBlobWorkers(): void {
  if (isInstalled || !Deno.build.standalone) return;
  isInstalled = true;
  const blobs = new Map<string, Blob>();
  const { createObjectURL, revokeObjectURL } = URL;
  URL.createObjectURL = (blob) => {
    const url = createObjectURL(blob);
    blobs.set(url, blob);
    return url;
  };
  URL.revokeObjectURL = (url) => {
    blobs.delete(url);
    revokeObjectURL(url);
  };
  const Native = Worker;
  globalThis.Worker = class Worker extends Native {
    constructor(specifier: string | URL, options?: WorkerOptions) {
      const blob = blobs.get(String(specifier));
      // A URL of its own: the app may revoke the one that it has as soon as we return.
      super(blob === undefined ? specifier : loaderOf(createObjectURL(blob)), options);
    }
  };
}

/** Messages that come before the module is there are held back for it. */
function loaderOf(url: string): string {
  const source = `const url = ${JSON.stringify(url)};
const early = [];
const hold = (event) => {
  event.stopImmediatePropagation();
  early.push(event);
};
addEventListener("message", hold);
const text = await (await fetch(url)).text();
URL.revokeObjectURL(url);
await import("data:text/javascript;charset=utf-8," + encodeURIComponent(text));
removeEventListener("message", hold);
for (const { data, ports } of early) dispatchEvent(new MessageEvent("message", { data, ports }));
`;
  return `data:text/javascript;charset=utf-8,${encodeURIComponent(source)}`;
}
