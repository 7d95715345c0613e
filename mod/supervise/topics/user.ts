/** Text of `hayate help supervise user`. */
export const userText = `Which user runs workers, and what root keeps

Started as root, the supervisor stays root. It binds the sockets, starts workers and
signals them, and reads nothing that clients send, except at --health.

  proxy            runs as nobody, or as the user of h2o.conf, or of --user
  serve            runs as root unless --user names a user
  another program  runs as root unless --user names a user

--user NAME[:GROUP] (HAYATE_USER) takes names and ids. The groups are those of the
user database; a number without an entry has the group of the same number. root:
stay root. HOME, USER and LOGNAME are set. Workers have no capability, and cannot gain
rights (no_new_privs): sudo and other set-user-ID programs do not work in them.

Root opens for proxy and serve what their configuration names and the user may not
open: certificates, keys, ticket files, logs (also those that USR1 opens again), log
commands, the file of state, ports below 1024, unix sockets. Each generation says what it needs before it
gives up root; later it can ask for nothing else. Files that are served, and apps, are
read as the user. The folder of acme is given to the user when it is made, or belongs to root.

Root opens nothing in a folder in which that user may create or replace files; there
the user opens its files itself. Logs that root opens belong to root.

The program must lie where the user may read and execute it, if it has several workers.
The portable reactor cannot get ports from root: they must be open to the user.

Without a supervisor, proxy and serve have a parent of their own that keeps root: its
pid is the one in pid-file, and the one to signal.

In a container: the capabilities SETUID, SETGID and KILL are needed besides
NET_BIND_SERVICE where all others are dropped; docker run --user N needs none of them.
`;
