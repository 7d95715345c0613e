/** Lookups by the host's files and network. */
import { NameService } from "../../net/dns/name_service.ts";
import { dnsSockets } from "../../net/portable/dns_sockets.ts";

let service: NameService | null = null;

/** One for the process. */
export function nameLookups(): NameService {
  service ??= new NameService({ transport: dnsSockets, readText });
  return service;
}

function readText(path: string): string | null {
  try {
    return Deno.readTextFileSync(path);
  } catch {
    // Missing or unreadable is as good as empty: DNS and the host itself are asked then.
    return null;
  }
}
