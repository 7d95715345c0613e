/** The texts of `hayate help supervise TOPIC`. */
import type { Topic } from "../../cli/mod.ts";
import { userText } from "./user.ts";

const protocolText = `What a command gets from the supervisor

The supervisor opens the sockets and passes them to the command as open
descriptors. Two variables describe them:

  SERVER_STARTER_PORT=8080=4;127.0.0.1:81=5;/tmp/app.sock=6
      one SPEC=DESCRIPTOR for each --port and --path, separated by semicolons, in
      the order of the command line; empty without sockets
  SERVER_STARTER_GENERATION=3
      1 for the first start, plus 1 for each attempt

A command uses these descriptors instead of binding its own sockets (h2o, Starlet,
Plack and many others support this, and so do hayate's proxy and serve). On
--signal-on-hup (TERM) it stops accepting, finishes its requests, and exits.

--listen-fds names them as systemd does, too, for commands that know its protocol (Go's
and Rust's listenfd, gunicorn, Puma, Caddy): descriptors from 3 on, LISTEN_FDS with their
number, LISTEN_PID with the pid of the command, LISTEN_FDNAMES with the specs (a colon in
one becomes a hyphen).

The sockets stay open in the supervisor, so connections that arrive during a restart
wait in the accept queue for the next generation.

When the supervisor stops, it first closes the queues to new connections. proxy and
serve answer what is queued and close the queues at once: later clients are refused, or
served by another supervisor on the same port (--reuse-port). Any other command has up
to 3 seconds to accept what is queued before it gets --signal-on-term; if it keeps the
sockets open while it exits, later clients get no answer to their SYN until it has
exited. The queues of systemd's sockets are left alone.

What to listen on comes from --port and --path, or else from the variable PORTS (or
H2O_PORT): entries separated by blanks, each a port, host:port, [v6]:port or a path
starting with /. For proxy and serve the default is "80 443".
`;

const readinessText = `When a new generation is ready

The old generation is signalled to end only when the new one is ready:

  --ready-notify    the command writes READY=1 to NOTIFY_SOCKET (sd_notify(3)) or
                    a line to the descriptor READY_FD; always on for proxy and serve
  --ready-http URL  the URL answers with status 200 to 399; {pid} and {generation}
                    are replaced
  --ready-exec CMD  the shell command succeeds; WORKER_PID is set
  otherwise         it has lived for --interval (1s), as with Server::Starter

A generation that is not ready within --start-timeout, or dies before, is started
again, with growing delays, while the old generation keeps serving. After
--max-start-failures (10) the restart is given up; hayate supervise reload prints why
and exits with 1.

The first start has no old generation to fall back to: if it fails, the supervisor exits
with the exit code of the command (78: wrong configuration, 127: command not found),
which docker run, Compose and Swarm report. --max-start-failures N makes N attempts,
0 never gives up. Until the first generation is ready, clients wait in the accept queue.

  --kill-old-delay  delay before the old generation is signalled to end
  --trial           keep the old generation, drained, until the new one has served for
                    this time; if the new one dies before, the old one serves again
  --drain-timeout   send KILL to an old generation that does not exit in time

Balancers and clusters send requests until they have heard of a stop. With
--shutdown-delay (SHUTDOWN_DELAY) TERM first makes /readyz answer 503 and lets clients
go: connections are accepted as before, and proxy and serve end each one after its next
response. Then the stop begins. A second TERM cuts the delay short; INT and HUP have none.

  --health 9000     GET /livez: the event loop runs; GET /readyz: a generation serves.
                    hayate health 9000 asks it; in a container, without an address, it
                    asks the supervisor through /dev/shm

A new supervisor, of a new version or in a new container, takes over from the running one
when both have the same --take-over SOCKET (TAKE_OVER), in a folder that they share:

  hayate supervise --take-over /run/edge/take-over.sock --port 80 -- proxy

It gets the listening sockets, with the unix paths, the seed of session tickets and the
self-signed certificate; its first generation starts; only then the running supervisor
drains its workers and ends with 0. If the new one fails or dies before, nothing has
changed. Ports that differ are opened and closed. A supervisor of another user, or of a
protocol that does not fit, is refused in one line with exit code 1. A container never
takes over from one that replaced it, or that is younger: run containers with
--restart on-failure, since an engine starts those of --restart always again.

With --watch (HAYATE_WATCH=1) no signal is needed: when a file changes that proxy or serve
has read, a new generation starts half a second after the last write. --watch-file FILE
does so for other programs. A generation that fails is not tried again until the next
change.

Deploying with a symbolic link: each generation starts in the directory that the path
of --dir, or of the directory where the supervisor was started, leads to at that time.

  cd /srv/app/current && hayate supervise --port 80 --pid-file /run/app.pid -- ./app
  ln -sfn releases/2 /srv/app/current && hayate supervise reload /run/app.pid
`;

const signalsText = `Signals of hayate supervise

  HUP         start a new generation; once it is ready, the old one is signalled to
              end. HUPs during a restart lead to one more restart
  TERM, INT   signal all workers to end, wait for them, exit with 0. A second signal
              is passed on, and proxy and serve then exit at once; workers that are
              alive a second later are killed
  QUIT        same as TERM
  USR1        reopen the log file; proxy and serve reopen theirs, other programs are not
              signalled
  USR2        replace the supervisor itself by the program on disk, which is tried first:
              same pid, same sockets; then a new generation replaces the workers, as
              after HUP. HUP itself never replaces the supervisor

From a shell:
  hayate supervise reload PIDFILE    same as HUP; waits and prints the outcome
  hayate supervise stop PIDFILE      same as TERM; waits
  hayate supervise status PIDFILE    generations, pids, ages, last failure
`;

const filesText = `Files of hayate supervise

  --pid-file F      the supervisor's pid; locked while it runs. A second start on
                    the same file is refused with the pid of the first; a stale file
                    from a crash is replaced
  --status-file F   GENERATION:PID, one line per worker; replaced atomically at every
                    change, removed at the end
  --control F       unix socket for status, reload and stop (default PIDFILE.sock)
  --log-file F      output of supervisor and workers; "| command" for a pipe
  --envdir D        file name = variable, first line = value; read before each start
`;

const startServerText = `In place of Server::Starter

When this program is called through a link named start_server, it accepts
start_server's options and their abbreviations, and exits with its codes. Variables,
files and log lines are the same. Intended differences:

  * a signal never shortens the trial of a new worker
  * several HUPs during a restart lead to one more restart, not one each
  * a second start on the same pid file is refused; a stale file is replaced
  * --restart exits with 1 if the restart failed, and prints why
  * failing starts back off; a restart is given up after 10 failures in a row, the
    first start never (--max-start-failures changes both)
  * QUIT stops the supervisor, as TERM does
  * without --dir, too, each worker starts in the directory that the path leads to
  * a file at --path that is not a socket, or a socket that a process accepts on, is
    left alone
  * an old worker is signalled once, not again at every later HUP
  * an unknown signal name, or a descriptor used twice, is an error at start
`;

const systemdText = `Under systemd

scripts/systemd/hayate.service is an example unit.

  Type=notify          READY=1 is sent when a generation serves
  Type=notify-reload   RELOADING=1 and READY=1 on HUP (systemd 253 or later)
  ExecReload=hayate supervise reload PIDFILE
                       with Type=notify: systemctl reload waits, and fails with the
                       reason
  KillMode=mixed       TERM goes to the supervisor alone

Sockets of a .socket unit (LISTEN_FDS) are taken over: those named by --port and --path,
and all others as well.
`;

export const superviseTopics: readonly Topic[] = [
  { name: "protocol", summary: "what a command gets: sockets and variables", text: protocolText },
  {
    name: "readiness",
    summary: "when a new generation is ready, trial and rollback",
    text: readinessText,
  },
  { name: "user", summary: "which user runs workers, and what root keeps", text: userText },
  { name: "signals", summary: "what each signal does", text: signalsText },
  { name: "files", summary: "pid file, status file, control socket, logs", text: filesText },
  { name: "start_server", summary: "differences from Server::Starter", text: startServerText },
  { name: "systemd", summary: "sockets and readiness under systemd", text: systemdText },
];
