/** All directives that hayate supports, by name. */
import type { Directive } from "./directive.ts";
import { fieldDirectives } from "./fields.ts";
import { fileDirectives } from "./file.ts";
import { globalDirectives } from "./globals.ts";
import {
  hostsDirective,
  mergeSlashesDirective,
  pathsDirective,
  strictMatchDirective,
} from "./hosts.ts";
import { identityDirectives } from "./identity.ts";
import { listenDirective } from "./listen.ts";
import { accessLogDirective } from "./logs.ts";
import { proxyDirectives } from "./proxy.ts";
import { responseDirectives } from "./responses.ts";
import { upstreamsDirective } from "./upstreams.ts";
import { variableDirectives } from "./variables.ts";

let table: ReadonlyMap<string, Directive> | null = null;

/** Made on first use, because `hosts` and `paths` need the table that contains them. */
export function directiveTable(): ReadonlyMap<string, Directive> {
  table ??= new Map(
    [
      ...globalDirectives,
      upstreamsDirective,
      listenDirective,
      hostsDirective,
      pathsDirective,
      strictMatchDirective,
      mergeSlashesDirective,
      ...proxyDirectives,
      ...identityDirectives,
      ...fileDirectives,
      ...responseDirectives,
      ...fieldDirectives,
      accessLogDirective,
      ...variableDirectives,
    ].map((directive) => [directive.name, directive]),
  );
  return table;
}
