/** `hayate help load plans`. */
export const plansText = `Several runs in one file: --plan

  hayate load --plan bench.yaml --json bench.json --html bench.html

makes the runs of the file one after another and prints one table: medians over the
repeats of each run, +/- half of their range, failed requests, thresholds that broke.

  title: Rhebok against Unicorn
  defaults:
    connections: 32
    duration: 10s
    warmup: 2s
    repeat: 3
    fail-if: [errors>0]
  runs:
    - name: rhebok
      url: http://localhost/
      unix-socket: /tmp/rhebok.sock
      fail-if: [errors>0, p99>20ms]
    - name: unicorn
      url: http://localhost/
      unix-socket: /tmp/unicorn.sock
  matrix:
    connections: [1, 32, 256]
    path: [/, /hello]

Settings are the flags of hayate load by their long names: a switch is true or false, a
flag that may be repeated has a list. url is one URL or a list, path replaces the path
of every url, args are a script's words after --. What the matrix says goes before what
a run says, and that before the defaults.

Each run is made with every combination of the matrix; without runs the matrix is
enough. Instead of values an axis may have names, each with settings:

  matrix:
    server:
      over tcp: {url: "http://127.0.0.1:8080/"}
      over unix: {url: "http://localhost/", unix-socket: /tmp/app.sock}
    connections: [1, 32]

Anchors, aliases and << work; !env NAME is an environment variable, such as a token.
A fault in the file is reported with its line, before anything runs.

--json is written after each run ("hayate-load-plan/1": title, environment, and entries
with name, settingsSha256, plan, repeat, runs, brokenThresholds; plan and runs are
those of hayate help load json). --resume goes on from it after an interruption: runs
with the same settings are kept, the others are made. hayate load plot draws it.

Exit 3: a threshold broke. 1: a run could not start, or got no response.
`;
