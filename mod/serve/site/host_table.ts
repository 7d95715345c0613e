/** Which root a request is for, by its host. */

/** A site of its own for one host, or for all hosts below a domain (`*.example.com`). */
export interface HostEntry<Site> {
  /** In lower case. */
  readonly host: string;
  readonly site: Site;
}

export class HostTable<Site> {
  readonly #exact = new Map<string, Site>();
  /** By `.example.com`; the longest that fits counts. */
  readonly #below = new Map<string, Site>();
  readonly #others: Site | null;

  /** `others`: for the hosts that are not named; null: there is none for them. */
  constructor(entries: readonly HostEntry<Site>[], others: Site | null) {
    for (const { host, site } of entries) {
      if (host.startsWith("*.")) this.#below.set(host.slice(1), site);
      else this.#exact.set(host, site);
    }
    this.#others = others;
  }

  /** `field`: the value of Host. */
  find(field: string): Site | null {
    const host = hostOf(field);
    const exact = this.#exact.get(host);
    if (exact !== undefined) return exact;
    if (this.#below.size > 0) {
      for (let at = host.indexOf(".", 1); at > 0; at = host.indexOf(".", at + 1)) {
        const below = this.#below.get(host.slice(at));
        if (below !== undefined) return below;
      }
    }
    return this.#others;
  }
}

/** The host without its port and the dot of the root zone, in lower case. */
export function hostOf(field: string): string {
  return field.replace(/:\d*$/, "").replace(/\.$/, "").toLowerCase();
}
