/** Asks an HTTP server once whether it is well. */

/** What the server said: its status and the first line of its text. */
export interface HttpReply {
  readonly status: number;
  readonly line: string;
}

/** A longer answer is no reason. */
const bodyBytesMax = 1024;

/**
 * One GET; a redirect is not followed. `http://[unix:/path]/` is a unix socket. null: nothing
 * listens, it took longer than `timeoutMs`, or it does not speak HTTP.
 */
export async function askHttp(url: string, timeoutMs: number): Promise<HttpReply | null> {
  const unix = /^http:\/\/\[unix:([^\]]+)\](.*)$/.exec(url);
  const client = unix === null
    ? null
    : Deno.createHttpClient({ proxy: { transport: "unix", path: unix[1] } });
  try {
    const response = await fetch(unix === null ? url : `http://localhost${unix[2] || "/"}`, {
      redirect: "manual",
      signal: AbortSignal.timeout(timeoutMs),
      ...(client === null ? {} : { client }),
    });
    return { status: response.status, line: await firstLine(response) };
  } catch {
    // Not listening yet, too slow, or not HTTP.
    return null;
  } finally {
    client?.close();
  }
}

async function firstLine(response: Response): Promise<string> {
  const reader = response.body?.getReader();
  if (reader === undefined) return "";
  const { value } = await reader.read();
  await reader.cancel();
  const [line] = new TextDecoder().decode(value?.subarray(0, bodyBytesMax)).split("\n", 1);
  return line.trim();
}
