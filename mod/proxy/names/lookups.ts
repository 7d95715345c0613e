/** Name lookups through the host's files and network. */
import { NameService } from "../../net/dns/name_service.ts";
import { dnsSockets } from "../../net/dns/dns_sockets.ts";

let service: NameService | null = null;

/** The name service, shared by the whole process. */
export function nameLookups(): NameService {
  service ??= new NameService({ transport: dnsSockets, readText });
  return service;
}

function readText(path: string): string | null {
  try {
    return Deno.readTextFileSync(path);
  } catch {
    // Treat a missing or unreadable file as empty: DNS and the host's resolver are used then.
    return null;
  }
}
