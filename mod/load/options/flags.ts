/** The flag table of `hayate load`. */
import { defineTable } from "../../cli/mod.ts";
import { modelFlags } from "./model_flags.ts";
import { targetFlags } from "./target_flags.ts";
import { requestFlags } from "./request_flags.ts";
import { outputFlags } from "./output_flags.ts";
import { machineFlags } from "./machine_flags.ts";

export const loadTable = defineTable({
  command: "hayate load",
  summary: "HTTP load generator with wrk's flags and wrk's output",
  usage: ["[options] URL...", "[options] -s SCRIPT URL [-- ARGS...]", "--plan FILE [options]"],
  description: [
    "Sends requests and prints what wrk prints; additional lines follow " +
    "Transfer/sec. Without -R each connection sends its next request when the response has " +
    "arrived (closed loop). With -R requests are sent at a fixed rate, and latency is measured from " +
    "when the request was due (open loop), so that a server that stalls cannot hide it.",
  ],
  restAfterDashes: true,
  operands: {
    name: "URL",
    min: 0,
    max: 10_000,
    help:
      "http[s]://host[:port]/path, http://unix:/path.sock:/uri or http://[unix:/path.sock]/uri; " +
      "ws and wss in place of http and https for WebSockets. " +
      "Several are requested in turn.",
  },
  options: [
    ...modelFlags,
    ...targetFlags,
    ...requestFlags,
    ...outputFlags,
    ...machineFlags,
  ],
  examples: [
    { run: "hayate load -c 50 -d 10 --latency http://127.0.0.1:8080/", about: "as with wrk" },
    {
      run: "hayate load -c 50 -P /tmp/app.sock http://localhost/",
      about: "over a unix socket",
    },
    {
      run: "hayate load -R 20k -c 100 -d 30s --percentiles 50,99,99.9 http://10.0.0.2/",
      about: "20,000 requests a second, latency measured from when each was due",
    },
    {
      run: "hayate load -n 100k --fail-if 'p99>5ms' --fail-if 'errors>0' http://10.0.0.2/",
      about: "exactly 100,000 requests; exit 3 if one of the conditions holds",
    },
    {
      run: "hayate load -c 1000 -R 5000 -b @message.json wss://10.0.0.2/chat",
      about: "5,000 messages a second over 1,000 WebSockets, and the time to each answer",
    },
    {
      run: "hayate load --http2 -c 10 -m 32 https://10.0.0.2/",
      about: "HTTP/2, 32 requests at once on each of ten connections",
    },
    {
      run:
        "hayate load --repeat 5 -q --json new.json URL && hayate load compare base.json new.json",
      about: "is the new version slower, beyond noise?",
    },
    {
      run: "hayate load --on ssh:ec2-1,ec2-2,ec2-3 -R 300k -c 300 -d 1m http://10.0.0.2/",
      about: "from three machines at once, with one report",
    },
  ],
  exitCodes: [
    { code: 0, meaning: "the run completed (requests may have failed: see --fail-if)" },
    { code: 1, meaning: "it could not run, no response arrived, or a script failed" },
    { code: 2, meaning: "wrong usage" },
    {
      code: 3,
      meaning:
        "a --fail-if condition held, compare found a regression, or --find-rate failed at --from",
    },
    { code: 130, meaning: "ended by Ctrl-C; what was measured is reported" },
  ],
  environment: [
    { name: "HAYATE_REACTOR", help: "portable or epoll; default: epoll on Linux" },
  ],
});
