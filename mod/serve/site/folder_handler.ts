/** Serves folders: one root, or one for each host. */
import { StartError } from "../../base/errors.ts";
import type { Exchange, ExchangeHandler } from "../../conn/exchange/exchange.ts";
import { StaticResponse } from "../../conn/exchange/static_response.ts";
import { type FileRequest, FileTransfer, Making, readFileRequest } from "../../static/mod.ts";
import type { AppPlan } from "../plan/plan.ts";
import type { TrustedProxies } from "../clients/trusted_proxies.ts";
import { HostTable } from "./host_table.ts";
import { type Rest, Site, type SiteParts } from "./site.ts";
import type { SiteRequest } from "./site_request.ts";

/** What the sites of a worker have in common. */
export type FolderParts = Omit<SiteParts, "root">;

const noSite = new StaticResponse(
  404,
  [["Content-Type", "text/plain; charset=utf-8"]],
  "404 Not Found: no site of this host\n",
);

/** An exchange whose answer waits for the compressed form of its file. */
class Waiting {
  isOver = false;
}

export class FolderHandler implements ExchangeHandler {
  /** For the hosts that are not named; null: they get 404. */
  readonly #site: Site | null;
  /** null: there are no sites of hosts. */
  readonly #hosts: HostTable<Site> | null;

  readonly #clients: TrustedProxies | null;

  /** Throws StartError when a path is not a folder. */
  constructor({ path, hosts }: AppPlan & { kind: "folder" }, parts: FolderParts) {
    this.#clients = parts.clients;
    const open = (root: string) => {
      requireFolder(root);
      return new Site({ ...parts, root });
    };
    this.#site = path === null ? null : open(path);
    this.#hosts = hosts.length === 0 ? null : new HostTable(
      hosts.map(({ host, path }) => ({ host, site: open(path) })),
      this.#site,
    );
  }

  onRequest(exchange: Exchange): void {
    const { head } = exchange;
    const site = this.#hosts === null ? this.#site : this.#siteOf(exchange, this.#hosts);
    if (site === null) return exchange.respond(noSite);
    const file = readFileRequest(head, head.pathText());
    this.#answer(exchange, site, file, site.read(exchange, file));
  }

  #siteOf(exchange: Exchange, hosts: HostTable<Site>): Site | null {
    const client = this.#clients === null ? null : this.#clients.clientOf(exchange);
    return hosts.find(client?.host ?? exchange.head.hostText());
  }

  onBody(): void {}
  onBodyEnd(): void {}

  onDrain(exchange: Exchange): void {
    if (exchange.context instanceof FileTransfer && exchange.context.pump(exchange)) {
      exchange.context = null;
    }
  }

  onAbort(exchange: Exchange): void {
    const { context } = exchange;
    if (context instanceof FileTransfer) context.stop();
    else if (context instanceof Waiting) context.isOver = true;
  }

  #answer(exchange: Exchange, site: Site, file: FileRequest, request: SiteRequest | null): void {
    const rest: Rest = site.answer(exchange, file, request);
    if (!(rest instanceof Making)) return void (exchange.context = rest);
    const waiting = exchange.context = new Waiting();
    rest.whenOver(() => {
      if (!waiting.isOver) this.#answer(exchange, site, file, request);
    });
  }
}

function requireFolder(path: string): void {
  try {
    if (Deno.statSync(path).isDirectory) return;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) {
      throw new StartError(`${path}: no such folder, and not an app (.js, .ts)`, 1, {
        cause: error,
      });
    }
    throw new StartError(`${path}: cannot be read`, 1, { cause: error });
  }
  throw new StartError(`${path}: neither a folder nor an app (.js, .mjs, .ts, .mts, .tsx, .jsx)`);
}
