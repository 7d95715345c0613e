/** `serve` and `proxy` as tests of HTTP/2 reach them: with prior knowledge and over TLS. */
import { certificateFor } from "../contract/tls_ends.ts";
import { type Child, startHayate } from "./binary.ts";
import { type Http2Door, plainDoor, tlsDoor } from "./http2_connect.ts";
import { freePort, type TempFolder, tempFolder } from "./ports.ts";
import { tcp } from "./raw_socket.ts";
import { type Backend } from "./serve.ts";

/** Processes that answer the same at each door. */
export interface Http2Servers extends AsyncDisposable {
  /** Those that the doors lead to. */
  readonly children: readonly Child[];
  readonly doors: readonly Http2Door[];
  /** Of the doors, in their order. */
  readonly ports: readonly number[];
  readonly certificateFile: string;
  readonly folder: TempFolder;
}

/** What differs between tests. */
export interface Http2Setup {
  readonly backend?: Backend;
  /** Source of the module that `serve` runs. */
  readonly app: string;
  /** More flags of `serve`. */
  readonly flags?: readonly string[];
  /** More lines of the proxy's configuration, global and of its one path. */
  readonly global?: string;
  readonly path?: readonly string[];
}

/** One process for each door: `serve` has one listener. */
export async function startServes(setup: Http2Setup): Promise<Http2Servers> {
  await using stack = new AsyncDisposableStack();
  const folder = stack.use(await tempFolder());
  const own = certificateFor("127.0.0.1", "localhost");
  const file = await folder.write("app.js", setup.app);
  const ports = [freePort(), freePort()];
  const tls = ["--tls", "--cert", own.certificateFile, "--key", own.keyFile];
  const children: Child[] = [];
  for (const [i, port] of ports.entries()) {
    const flags = ["serve", "--host", "127.0.0.1", "--port", String(port), "--workers", "1"];
    const child = startHayate([...flags, ...i === 1 ? tls : [], ...setup.flags ?? [], file], {
      env: { HAYATE_REACTOR: setup.backend ?? "epoll" },
    });
    children.push(stack.use(child));
    await child.waitForLine(/listening on /);
  }
  return servers(stack.move(), children, ports, own.certificateFile, folder);
}

/** One proxy with both listeners, before a `serve` with HTTP/1.1. */
export async function startProxy(setup: Http2Setup): Promise<Http2Servers> {
  await using stack = new AsyncDisposableStack();
  const folder = stack.use(await tempFolder());
  const own = certificateFor("127.0.0.1", "localhost");
  const [inner, ...ports] = [freePort(), freePort(), freePort()];
  const file = await folder.write("app.js", setup.app);
  const upstream = stack.use(
    startHayate(["serve", "--host", "127.0.0.1", "--port", String(inner), "--workers", "1", file]),
  );
  await upstream.waitForLine(/listening on /);
  const config = await folder.write(
    "h2o.conf",
    `listen:
  - {host: 127.0.0.1, port: ${ports[0]}}
  - host: 127.0.0.1
    port: ${ports[1]}
    ssl: {certificate-file: ${own.certificateFile}, key-file: ${own.keyFile}}
${setup.global ?? ""}
hosts:
  default:
    paths:
      /:
        proxy.reverse.url: http://127.0.0.1:${inner}/
${(setup.path ?? []).map((line) => `        ${line}\n`).join("")}`,
  );
  const env = { HAYATE_REACTOR: setup.backend ?? "epoll" };
  const child = stack.use(startHayate(["proxy", "-c", config], { env }));
  for (const port of ports) await child.waitForLine(new RegExp(`listening on .*${port}`));
  return servers(stack.move(), [child], ports, own.certificateFile, folder);
}

/** Both, for tables of cases. */
export const starts = [["serve", startServes], ["proxy", startProxy]] as const;

function servers(
  owned: AsyncDisposableStack,
  children: readonly Child[],
  ports: readonly number[],
  certificateFile: string,
  folder: TempFolder,
): Http2Servers {
  const certificate = Deno.readTextFileSync(certificateFile);
  return {
    children,
    ports,
    certificateFile,
    folder,
    doors: [plainDoor(tcp(ports[0])), tlsDoor(ports[1], certificate)],
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}
