/** The jobs of wrk's own example scripts, done in JavaScript. Tests run every one of them. */
export const scriptExamples: Readonly<Record<string, string>> = {
  post: `// Every request is the same: nothing is called during the run.
wrk.method = "POST";
wrk.body = "foo=bar&baz=quux";
wrk.headers["Content-Type"] = "application/x-www-form-urlencoded";
`,
  counter: `// Another path and header for each request.
let count = 0;
export function request() {
  count++;
  return { path: "/?n=" + count, headers: { "X-Counter": String(count) } };
}
`,
  pipeline: `// Three requests at once on each connection, made before the run.
let three;
export function init() {
  three = ["/?a", "/?b", "/?c"].map((path) => wrk.format(null, path)).join("");
}
export const request = () => three;
`,
  auth: `// Logs in first; later requests carry the token from the response.
let token = null;
export function request() {
  if (token === null) return { path: "/" };
  return { path: "/?in", headers: { "X-Token": token } };
}
export function response(status, headers, body) {
  if (token === null && status === 200) token = "t" + body.length;
}
`,
  delay: `// Waits 10 to 50 ms before each request.
export const delay = () => 10 + Math.random() * 40;
`,
  setup: `// Threads get a number before the run and report their counts after it.
const threads = [];
export function setup(thread) {
  thread.set("id", threads.length + 1);
  threads.push(thread);
}
export function init() {
  globalThis.responses = 0;
}
export function response() {
  globalThis.responses++;
}
export function done() {
  for (const thread of threads) {
    console.log("thread " + thread.get("id") + " got " + thread.get("responses") + " responses");
  }
}
`,
  stop: `// Each thread ends after 100 responses.
let count = 0;
export function response() {
  if (++count === 100) wrk.thread.stop();
}
`,
  addr: `// Each thread uses its own address, if something listens there.
let addresses = null;
export async function setup(thread) {
  addresses ??= await wrk.lookup(wrk.host, wrk.port ?? 80);
  const address = addresses[thread.index % addresses.length];
  if (await wrk.connect(address)) thread.addr = address;
}
export function init() {
  console.log("thread " + (wrk.thread.index + 1) + " goes to " + wrk.thread.addr);
}
`,
  report: `// A custom report.
export function done(summary, latency, requests) {
  console.log("latency,microseconds");
  for (const percent of [50, 90, 99, 99.999]) {
    console.log("p" + percent + "," + latency.percentile(percent));
  }
  const { connect, read, write, status, timeout } = summary.errors;
  console.log("failed," + (connect + read + write + status + timeout));
}
`,
};
