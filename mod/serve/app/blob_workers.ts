/** Support for `new Worker(URL.createObjectURL(blob))` in an app. */

let isInstalled = false;

/**
 * The module loader of a compiled program supports `data:` but not `blob:`. So such a worker starts
 * as a small `data:` module that reads the blob, which every thread can, and imports its content.
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
      // A second URL, because the app may revoke its own as soon as this returns.
      super(blob === undefined ? specifier : loaderOf(createObjectURL(blob)), options);
    }
  };
}

/** Messages that arrive before the module is loaded are queued for it. */
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
