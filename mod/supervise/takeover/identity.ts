/** Which container this supervisor runs in. */
import { containerSources, findContainer } from "../../process/container.ts";
import type { Variables } from "../../process/environment.ts";
import type { Identity } from "./protocol.ts";

/** The host itself has no identity: there an operator decides who takes over. */
export function identityOf(variables: Variables): Identity {
  const container = findContainer(Deno.pid, Deno.ppid, containerSources(variables));
  if (container === null) return { container: null, createdMs: 0 };
  const name = container.name ?? Deno.hostname();
  return { container: `${container.runtime}:${name}`, createdMs: createdMs() };
}

/** Docker and Podman lay these files down when they create a container, and never again. */
function createdMs(): number {
  for (const path of ["/.dockerenv", "/run/.containerenv"]) {
    try {
      return Deno.statSync(path).mtime?.getTime() ?? 0;
    } catch {
      // Another engine: then only the containers that were taken over are known.
      continue;
    }
  }
  return 0;
}
