#!/usr/bin/env bash
# in_container.sh docker|buildah IMAGE ARGUMENT...: runs the image's program with the host's network
# and passes TERM on to it, as `docker run` does by itself.
set -u
engine=$1
image=$2
shift 2

if [ "$engine" = docker ]; then
  exec docker run --rm --network host --entrypoint /hayate "$image" "$@"
fi

# buildah run answers TERM by KILL, so the signal has to reach the program itself.
container=$(buildah from --pull-never "$image") || exit 1
trap 'buildah rm "$container" >/dev/null' EXIT

# children PID: the pids of its children, whichever of its threads started them.
children() {
  cat /proc/"$1"/task/*/children 2>/dev/null
}

# pass_on SIGNAL PID: to the first process below PID that runs the program.
pass_on() {
  local each
  for each in $(children "$2"); do
    if [ "$(tr '\0' '\n' </proc/"$each"/cmdline 2>/dev/null | head -n 1)" = /hayate ]; then
      kill -s "$1" "$each"
      return 0
    fi
    pass_on "$1" "$each" && return 0
  done
  return 1
}

buildah run --isolation chroot --network host "$container" -- /hayate "$@" &
child=$!
trap 'pass_on TERM "$child"' TERM INT
# A trap ends wait early; the program may need longer.
while kill -0 "$child" 2>/dev/null; do
  wait "$child"
  code=$?
done
exit "${code:-1}"
