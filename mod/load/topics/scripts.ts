/** `hayate help load scripts`. */
import { scriptExamples } from "./script_examples.ts";

const text = `Scripts: wrk's Lua API in JavaScript or TypeScript

hayate load -s FILE.js|FILE.ts URL [-- ARGS...]

A script is a module. hayate calls those of wrk's functions that it defines. It may
export them, declare them at its top level, or assign them as wrk's scripts do
(request = function () { ... }):

  setup(thread)              in the main thread, once for each load thread; may be
                             async. thread: index, addr ("ip:port", may be set),
                             get(name), set(name, value), stop()
  init(args)                 in each load thread, before the run; may be async.
                             args[0] is the URL, then the arguments after --
  delay()                    milliseconds to wait before the next request
  request()                  the next request; without it the same one is sent
                             repeatedly and nothing is called. It returns a string or
                             Uint8Array as wrk.format() makes it, or
                             { method, path, headers, body }, or a list of these,
                             which is sent at once (pipelining). headers: an object,
                             Headers, or a list of pairs; added to wrk.headers
  response(status, headers, body, bytes)
                             status: number, headers: object, body: text, as in wrk;
                             bytes: the same as Uint8Array
  done(summary, latency, requests)
                             in the main thread, after the report. summary:
                             duration (us), requests, bytes, errors { connect,
                             read, write, status, timeout }; latency (us) and
                             requests (per second and thread): min, max, mean,
                             stdev, percentile(p), length, and (i) -> [value, count]

The global object wrk:

  wrk.scheme, host, port, method, path, headers, body
                             what requests are made of; change them at the top of
                             the script or in init()
  wrk.format(method, path, headers, body)
                             a request as text (bytes, when body is bytes);
                             omitted parts come from wrk. Host and Content-Length are
                             added
  wrk.request()              the default request
  wrk.init(args)             for scripts that call it, as older wrk scripts do
  wrk.lookup(host, port)     addresses, as "ip:port"; a promise
  wrk.connect(address)       true when something listens there; a promise
  wrk.thread                 index, addr, get, set, stop() of this thread

Each load thread has its own global object, separate from the main thread's. A
thread's variables (get, set) are its global variables; done() reads their final
values. Numbers, strings, lists and objects can be passed.

The time spent in the script is client.scriptMs in --json. A script that throws,
that defines none of the above, or that returns anything else ends the run with
exit 1 and its file and line. delay, request and response must not be
async. process.exit(code) ends the run with that code; in done(), after the reports
are written. A hook that never returns is ended when -d is over, or by Ctrl-C.

console.log() writes to stdout, and to stderr when a report goes to stdout, as with
--json -.

wrk's Lua files do not run here. To port one: function f() ... end becomes
function f() { ... }, .. becomes +, and wrk.headers["A"] = "b" stays as it is.

`;

const examples = Object.entries(scriptExamples).map(([name, source]) => {
  return `${name}.js\n${source.replace(/^(?=.)/gm, "    ")}`;
});

export const scriptsText: string = text + examples.join("\n");
