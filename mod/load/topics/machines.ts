/** `hayate help load machines`. */
export const machinesText = `One run from many machines

  hayate load --on ssh:HOST,HOST...  [--on-option WORD]...  other flags  URL
  hayate load --on kubernetes:N | swarm:N  [--image NAME]  other flags  URL

The run is split among the machines, and what they measure becomes one report:
wrk's block, one --json, one verdict of --fail-if. The sum is exact: counters and
histograms are added, not averages and percentiles.

What is split, and what is not:
  -c, -n, -R, --stages      those of all machines together; every machine has a
                            connection at least, and -n comes out to the request
  -t                        threads of each machine
  -d, --warmup, --repeat    the same for all; every run starts on all at once
  -s, --body-file, --urls, --cacert, --cert, --key
                            the files go along, and what a script imports from
                            relative paths, too
  names of hosts            each machine looks them up
  --json, --html ...        written here; --timeseries has the totals of each second
  -P, --source              not possible: they belong to one machine

All machines start at the same moment: their clocks are compared by messages there
and back, and the difference is corrected. --start-at sets
that moment. --json has for each machine how far its clock was off, and by how much
that may be wrong.

A script's setup() and done() run here, once, with the threads of all machines;
init, delay, request and response run on the machines. What they print comes to
stderr, behind the name of the machine.

ssh. Each HOST is what ssh takes: host, user@host, user@host:port, or a Host of
~/.ssh/config, all of which holds: keys, jump hosts, addresses. ssh must not have to
ask (BatchMode). This program is copied to the host at its first use, into
~/.cache/hayate, or /var/tmp and others where that is full or mounted noexec; it is
found again by its hash. The host needs Linux of the same architecture, with glibc,
or hayate of the same version in its PATH. --on-option passes words on to ssh:

  hayate load --on ssh:ec2-1,ec2-2 --on-option=-i --on-option=key.pem ...

kubernetes:N. kubectl makes an Indexed Job of N pods of --image, attaches to the
input and output of each, and deletes the Job at the end; it must be allowed to do so
in the namespace of its context. Nothing of the run is stored in the cluster: files
and secrets go through the pods' standard input. The image must hold this version.
This was tested with the API's types and with pods that are local processes: it has
not been run on a cluster.

  hayate load --on kubernetes:4 --image registry.example/hayate:1 \\
    --on-option=--namespace=load -R 100k -c 400 http://app.default.svc:3000/

swarm:N. docker makes a service of N tasks of --image in the Swarm whose manager it
talks to (DOCKER_HOST and contexts hold), spread over the nodes, and a network of its
own. A container of the same image on that network, the relay, connects this command
with the tasks, over TLS; a Docker secret tells the tasks where it is and who may
come. Everything is removed at the end; of a run that was killed, the next one says
how to remove what it has left. Files and secrets of the run go through the relay.
Each node must have the image, or be able to pull it; credentials of docker login go
along. --on-option passes words on to docker service create, such as a network of
what is to be loaded, or a constraint:

  hayate load --on swarm:4 --image registry.example/hayate:1 \\
    --on-option=--network=shop --on-option=--constraint=node.role==worker \\
    -R 100k -c 400 http://app:3000/

A machine that cannot be reached, that ends, or that says nothing for 30 s is lost:
this is said at once, it is in no figure, and the command exits with 1 unless
--allow-lost allows it. Machines that are lost before the run leave their share to
the others. A machine that did not keep its rate, or whose CPU was the limit, is
named after the report.

Ctrl-C ends all machines and prints what there is; a second one does not wait for
them. When this command is killed, or its host is cut off, the machines end by
themselves.
`;
