/** The pages of `hayate help supervise TOPIC`. */
import type { Topic } from "../../cli/mod.ts";

const protocolText = `What a command sees of the supervisor

The supervisor opens the sockets and hands them to the command as open
descriptors. Two variables say which and for how often:

  SERVER_STARTER_PORT=8080=4;127.0.0.1:81=5;/tmp/app.sock=6
      one SPEC=DESCRIPTOR for each --port and --path, joined by semicolons, in
      the order of the command line; empty when there are none
  SERVER_STARTER_GENERATION=3
      1 for the first start, one more for each attempt

A command takes the descriptors over instead of binding (h2o, Starlet, Plack and
many others know the variables, so do hayate's proxy and serve), and at
--signal-on-hup (TERM) it stops accepting, answers what it has, and ends.

Since the sockets stay open in the supervisor, connections that arrive during a
restart wait in their queue and are answered by the next generation.

When the supervisor ends, it first lets no more connections into the queues. proxy and
serve answer what waits in them and close them at once: later clients are refused, or
served by another supervisor on the same port (--reuse-port). Any other command has up
to 3 seconds to accept what waits before it gets --signal-on-term; if it keeps the
sockets open while it ends, later clients get no answer to their SYN until it has
ended. Sockets of systemd keep their queue.

What to listen on comes from --port and --path, else from the variable PORTS (or
H2O_PORT): entries separated by blanks, each a port, host:port, [v6]:port or a path
beginning with /. For proxy and serve the default is "80 443".
`;

const readinessText = `When a new generation counts as ready

The old generation is told to end only when the new one is ready:

  by itself         the command writes READY=1 to NOTIFY_SOCKET (sd_notify(3)) or
                    a line to the descriptor READY_FD; hayate's own modes do, for
                    others say --ready-notify
  --ready-http URL  the URL answers 200 to 399; {pid} and {generation} are
                    replaced
  --ready-exec CMD  the shell command succeeds; WORKER_PID is set
  otherwise         it has lived for --interval (1s), as with Server::Starter

Not ready within --start-timeout, or dead before: it is tried again, with growing
pauses, while the old generation serves on. After --max-start-failures (10) the
restart is given up; hayate supervise reload says why and exits with 1.

The first start has nothing to fall back to: when it fails, the supervisor ends with
the exit code of the command (78: wrong configuration, 127: no such command), so
that docker run, Compose and Swarm see it. --max-start-failures N makes N attempts,
0 never gives up. Until the first generation is ready, clients wait in the queue of
the socket.

  --kill-old-delay  wait so long before the old generation is told to end
  --trial           keep the old one alive, drained, until the new one has lived so
                    long; if the new one dies, the old one takes over again
  --drain-timeout   KILL an old generation that does not end

A deploy by a link: each generation starts in the directory that the path leads to by
then, that of --dir or the one that the supervisor was started in.

  cd /srv/app/current && hayate supervise --port 80 --pid-file /run/app.pid -- ./app
  ln -sfn releases/2 /srv/app/current && hayate supervise reload /run/app.pid
`;

const signalsText = `Signals of hayate supervise

  HUP         start a new generation; when it is ready, the old one is told to end.
              Several HUPs in a row: one restart runs, one waits
  TERM, INT   tell every worker to end, wait for them, exit with 0; a second one
              is passed on, so that hayate's own modes end at once; what still
              lives a second later is killed
  QUIT        as TERM
  USR1        open the log file again

From a shell:
  hayate supervise reload PIDFILE    as HUP, waits and tells the outcome
  hayate supervise stop PIDFILE      as TERM, waits
  hayate supervise status PIDFILE    generations, pids, ages, last failure
`;

const filesText = `Files of hayate supervise

  --pid-file F      the supervisor's pid; locked while it runs. A second start on
                    the same file is refused and names the first one's pid; a file
                    that a crash left behind is no obstacle
  --status-file F   GENERATION:PID, one line for each worker; replaced as a whole
                    at every change, removed at the end
  --control F       unix socket for status, reload and stop (PIDFILE.sock)
  --log-file F      output of supervisor and workers; "| command" for a pipe
  --envdir D        file name = variable, first line = value; read before each
                    start
`;

const startServerText = `In place of Server::Starter

A link named start_server to this program takes start_server's options, with its
abbreviations, and has its exit codes. Variables, files and log lines are the same.
What is different, on purpose:

  * a signal never shortens the trial of a new worker
  * HUPs in a burst make one more restart, not one each
  * a second start on the same pid file is refused; a stale file is no obstacle
  * --restart ends with 1 when the restart failed, and says why
  * failing starts back off; a restart is given up after 10 failures in a row (the
    first start never, unless --max-start-failures says so)
  * QUIT ends as TERM does
  * without --dir, too, each worker starts in the directory that the path leads to
  * a file at --path that is no socket, or that somebody accepts on, is left alone
  * an old worker is told once to end, not again at every later HUP
  * a wrong signal name or a descriptor asked for twice is an error at start
`;

const systemdText = `Under systemd

scripts/systemd/hayate.service is a unit to start from.

  Type=notify          READY=1 is told when a generation serves
  Type=notify-reload   RELOADING=1 and READY=1 on HUP (systemd 253 or later)
  ExecReload=hayate supervise reload PIDFILE
                       with Type=notify: systemctl reload waits, and fails with the
                       reason
  KillMode=mixed       TERM goes to the supervisor alone

Sockets of a .socket unit (LISTEN_FDS) are taken over: those that --port and --path
name, and all others besides.
`;

export const superviseTopics: readonly Topic[] = [
  { name: "protocol", summary: "what a command sees: sockets and variables", text: protocolText },
  {
    name: "readiness",
    summary: "when a new generation takes over, trial and rollback",
    text: readinessText,
  },
  { name: "signals", summary: "what each signal does", text: signalsText },
  { name: "files", summary: "pid file, status file, control socket, logs", text: filesText },
  { name: "start_server", summary: "in place of Server::Starter", text: startServerText },
  { name: "systemd", summary: "sockets and readiness under systemd", text: systemdText },
];
