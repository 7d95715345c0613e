/** Result of the probe; 0 until it is known. */
const verdicts = { live: 1, stale: 2 } as const;

/**
 * The probe's program. `Deno.connect` has no blocking form but `listen` is synchronous, so a worker
 * connects while the caller sleeps on a shared word. Only needed if the path already exists.
 */
const probeProgram = `self.onmessage = async ({ data }) => {
  const verdict = new Int32Array(data.verdict);
  let answer = ${verdicts.live};
  try {
    (await Deno.connect({ transport: "unix", path: data.path })).close();
  } catch (error) {
    if (error instanceof Deno.errors.ConnectionRefused) answer = ${verdicts.stale};
  }
  Atomics.store(verdict, 0, answer);
  Atomics.notify(verdict, 0);
};`;

const probeTimeoutMs = 5000;

/**
 * True if a process accepts on the socket at `path`, or if that is still unknown after five
 * seconds. Blocks this thread; usually takes about 30 ms.
 */
export function socketAnswers(path: string): boolean {
  const verdict = new Int32Array(new SharedArrayBuffer(4));
  const worker = new Worker(`data:text/javascript,${encodeURIComponent(probeProgram)}`, {
    type: "module",
  });
  worker.postMessage({ verdict: verdict.buffer, path });
  Atomics.wait(verdict, 0, 0, probeTimeoutMs);
  worker.terminate();
  return Atomics.load(verdict, 0) !== verdicts.stale;
}
