/** Our proxy beside h2o and nginx over HTTP/2: status, fields, body, and what the upstream gets. */
import { assertEquals } from "@std/assert";
import type { Address } from "../../../mod/base/address.ts";
import { ByteUpstream } from "../../support/byte_upstream.ts";
import { Child, startHayate } from "../../support/binary.ts";
import { Http2Wire } from "../../support/http2_wire.ts";
import { peerPath, peerTest } from "../../support/peers.ts";
import { freePort, type TempFolder, tempFolder } from "../../support/ports.ts";
import { tcp } from "../../support/raw_socket.ts";
import { type DifferentialRow, differentialRows } from "../../vectors/http2/differential_rows.ts";

const answers: Readonly<Record<string, string>> = {
  chunked: "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n",
  trailers:
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-T\r\n\r\n2\r\nok\r\n0\r\nX-T: 1\r\n\r\n",
  close: "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nok",
  "204": "HTTP/1.1 204 No Content\r\n\r\n",
  "304": 'HTTP/1.1 304 Not Modified\r\nETag: "a"\r\n\r\n',
  redirect: "HTTP/1.1 302 Found\r\nLocation: http://UPSTREAM/x\r\nContent-Length: 0\r\n\r\n",
  hop:
    "HTTP/1.1 200 OK\r\nConnection: x-hop\r\nX-Hop: 1\r\nKeep-Alive: timeout=9\r\nContent-Length: 2\r\n\r\nok",
  cookies: "HTTP/1.1 200 OK\r\nSet-Cookie: a=b\r\nSet-Cookie: c=d\r\nContent-Length: 2\r\n\r\nok",
  bad: "HTTP/1.1 2x0 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok",
};
const plain =
  "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 2\r\nX-U: 1\r\n\r\nok";

/** What a browser or an application acts upon. */
const important =
  /^(content-(type|length|range)|location|set-cookie|etag-of-upstream|x-.*|trailer)$/;
/** What each proxy adds in its own way to all requests. */
const own = /^(host|connection|via|x-forwarded-for|x-forwarded-proto|x-real-ip)$/;

peerTest(
  ["h2o", "nginx"],
  `${differentialRows.length} requests over HTTP/2 beside h2o and nginx`,
  async () => {
    await using folder = await makeFolder();
    const ours = await playAll("hayate", folder);
    const complaints: string[] = [];
    for (const name of ["h2o", "nginx"] as const) {
      const theirs = await playAll(name, folder);
      for (const [i, row] of differentialRows.entries()) {
        const isSame = ours[i] === theirs[i];
        const reason = row.differs[name];
        if (isSame === (reason === undefined)) continue;
        complaints.push(
          isSame
            ? `${row.name}: ${name} does not differ`
            : `${row.name}\n  ours  ${ours[i]}\n  ${name.padEnd(5)} ${theirs[i]}`,
        );
      }
    }
    assertEquals(complaints, []);
  },
);

async function makeFolder(): Promise<TempFolder> {
  const folder = await tempFolder();
  // h2o and nginx change to another user where they are started by root.
  await Deno.chmod(folder.path, 0o755);
  await folder.write("f/a.txt", "0123456789");
  await folder.write("f/sub/index.html", "sub");
  return folder;
}

/** What each row gives at one server, which has an upstream of its own. */
async function playAll(name: "hayate" | "h2o" | "nginx", folder: TempFolder): Promise<string[]> {
  await using upstream: ByteUpstream = new ByteUpstream((request): string => {
    const path = /^\S+ \S*?\/u\/(\w*)/.exec(request)?.[1] ?? "";
    const isHead = request.startsWith("HEAD");
    const answer = (answers[path] ?? plain).replace("UPSTREAM", `127.0.0.1:${upstream.port}`);
    return isHead ? answer.slice(0, answer.indexOf("\r\n\r\n") + 4) : answer;
  });
  const port = freePort();
  await using _server = await start[name](folder, port, upstream.port);
  const seen: string[] = [];
  for (const row of differentialRows) seen.push(await play(row, tcp(port), upstream));
  return seen;
}

const start = {
  async hayate(folder: TempFolder, port: number, upstream: number): Promise<Child> {
    const child = startHayate([
      "proxy",
      "-c",
      await folder.write("ours.conf", h2oConfig(folder, port, upstream)),
    ]);
    await child.waitForLine("listening on");
    return child;
  },
  async h2o(folder: TempFolder, port: number, upstream: number): Promise<Child> {
    const config = await folder.write("h2o.conf", h2oConfig(folder, port, upstream));
    const child = new Child(peerPath("h2o"), ["-c", config]);
    await child.waitForSocket(tcp(port));
    return child;
  },
  async nginx(folder: TempFolder, port: number, upstream: number): Promise<Child> {
    const { path } = folder;
    const temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map((kind) =>
      `${kind}_temp_path ${path}/t_${kind};`
    );
    const config = await folder.write(
      "nginx.conf",
      `daemon off; master_process off; error_log ${path}/e.log; pid ${path}/pid; events {}
http {
  access_log off; ${temporary.join(" ")} types { text/plain txt; text/html html; }
  server {
    listen 127.0.0.1:${port} http2; underscores_in_headers on; merge_slashes off;
    location /u/ { proxy_pass http://127.0.0.1:${upstream}; proxy_http_version 1.1; proxy_set_header Host $host; }
    location /f/ { root ${path}; index index.html; absolute_redirect on; }
  }
}
`,
    );
    const child = new Child(peerPath("nginx"), ["-e", `${path}/e.log`, "-c", config]);
    await child.waitForSocket(tcp(port));
    return child;
  },
};

/** Both read it. */
function h2oConfig({ path }: TempFolder, port: number, upstream: number): string {
  return `listen: {host: 127.0.0.1, port: ${port}}
num-threads: 1
hosts:
  default:
    paths:
      /u/:
        proxy.reverse.url: http://127.0.0.1:${upstream}/u/
        proxy.preserve-host: ON
      /f/:
        file.dir: ${path}/f
`;
}

/** The answer and what the upstream got, in one line. */
async function play(
  row: DifferentialRow,
  address: Address,
  upstream: ByteUpstream,
): Promise<string> {
  const before = upstream.connections.map(({ bytes }) => bytes.length);
  using wire = await Http2Wire.open(address);
  await wire.send(...row.frames);
  const answer = await outcome(wire);
  const bytes = upstream.connections.map(({ bytes }, i) => bytes.slice(before[i] ?? 0)).join("");
  const line = `${answer} | ${bytes === "" ? "nothing" : normal(bytes)}`;
  return line.replaceAll(`127.0.0.1:${upstream.port}`, "UPSTREAM")
    .replaceAll(`a.example:${(address as { port: number }).port}`, "a.example:PORT");
}

async function outcome(wire: Http2Wire): Promise<string> {
  const seen: string[] = [];
  let body = "";
  while (true) {
    const { name, text, ends } = await wire.next();
    if (name === "GOAWAY") return `GOAWAY ${text.split(" ")[1]}`;
    if (name === "RST_STREAM" && text !== "NO_ERROR") return `RST_STREAM ${text}`;
    if (name === "HEADERS") seen.push(chosen(text));
    if (name === "DATA") body += text;
    // Pages of errors differ; everything else must not.
    if (ends) return `${seen.join(" + ")} ${/^status [45]/.test(seen[0]) ? "" : body}`.trim();
  }
}

/** Status and important fields, in order of their names. */
function chosen(head: string): string {
  const parts = head.split("; ");
  const isError = /^status [45]/.test(head);
  const fields = parts.filter((part) => important.test(part.split(":")[0]) && !isError).sort();
  return [...parts.filter((part) => part.startsWith("status")), ...fields].join("; ").toLowerCase();
}

function normal(request: string): string {
  const end = request.indexOf("\r\n\r\n");
  const [line, ...fields] = request.slice(0, end).split("\r\n");
  const kept = fields.map((field) => field.replace(/^[^:]+/, (name) => name.toLowerCase()))
    .filter((field) => !own.test(field.split(":")[0])).sort();
  const body = request.slice(end + 4);
  return [line, ...kept, JSON.stringify(body.length > 60 ? `${body.length} bytes` : body)].join(
    " / ",
  );
}
