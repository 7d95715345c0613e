/** All directives that hayate supports, by name. */
import type { Directive } from "./draft/directive.ts";
import { acmeDirective } from "./acme.ts";
import { fieldDirectives } from "./path/fields.ts";
import { fileDirectives } from "./path/file.ts";
import { globalDirectives } from "./globals.ts";
import {
  hostsDirective,
  mergeSlashesDirective,
  pathsDirective,
  strictMatchDirective,
} from "./hosts.ts";
import { http2Directives } from "./http2.ts";
import { identityDirectives } from "./path/identity.ts";
import { listenDirective } from "./listen/listen.ts";
import { accessLogDirective } from "./path/logs.ts";
import { proxyDirectives } from "./path/proxy.ts";
import { responseDirectives } from "./path/responses.ts";
import { sessionsDirective } from "./listen/sessions.ts";
import { upstreamsDirective } from "./upstream/upstreams.ts";
import { transportDirectives } from "./path/transport.ts";
import { variableDirectives } from "./path/variables.ts";

export const directiveTable: ReadonlyMap<string, Directive> = new Map(
  [
    ...globalDirectives,
    acmeDirective,
    ...http2Directives,
    upstreamsDirective,
    listenDirective,
    sessionsDirective,
    hostsDirective,
    pathsDirective,
    strictMatchDirective,
    mergeSlashesDirective,
    ...proxyDirectives,
    ...identityDirectives,
    ...fileDirectives,
    ...responseDirectives,
    ...transportDirectives,
    ...fieldDirectives,
    accessLogDirective,
    ...variableDirectives,
  ].map((directive) => [directive.name, directive]),
);
