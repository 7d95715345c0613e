/** V8's sampling profiler for this process: a typed view of node:inspector. */
import { Session } from "node:inspector";

/** As far as it is in use; the package's types do not know the method's results. */
interface InspectorSession {
  connect(): void;
  disconnect(): void;
  post(
    method: string,
    parameters: object,
    callback: (error: Error | null, result: { readonly profile?: unknown }) => void,
  ): void;
}

/** Samples under way. */
export interface Profiling {
  /** Ends it; resolves with the text of a `.cpuprofile`. */
  stop(): Promise<string>;
}

/** Begins to sample every `intervalUs` microseconds; from 100. Rejects where V8 refuses. */
export async function startProfiling(intervalUs: number): Promise<Profiling> {
  const session = new Session() as unknown as InspectorSession;
  session.connect();
  const ask = (method: string, parameters: object = {}) =>
    new Promise<{ readonly profile?: unknown }>((resolve, reject) => {
      session.post(method, parameters, (error, result) => error ? reject(error) : resolve(result));
    });
  await ask("Profiler.enable");
  await ask("Profiler.setSamplingInterval", { interval: intervalUs });
  await ask("Profiler.start");
  return {
    async stop(): Promise<string> {
      try {
        const { profile } = await ask("Profiler.stop");
        return JSON.stringify(profile);
      } finally {
        session.disconnect();
      }
    },
  };
}
