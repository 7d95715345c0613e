/** Every comparison, in the order of the table. */
import type { Comparison } from "../comparison.ts";
import { app } from "./app.ts";
import { files } from "./files.ts";
import { load } from "./load.ts";
import { proxy } from "./proxy.ts";
import { proxyOthers } from "./proxy_others.ts";
import { tlsLoad } from "./tls_load.ts";
import { tlsProxy } from "./tls_proxy.ts";
import { serve } from "./serve.ts";

export const comparisons: readonly Comparison[] = [
  load,
  serve,
  proxy,
  proxyOthers,
  files,
  app,
  tlsLoad,
  tlsProxy,
];
