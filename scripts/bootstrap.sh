# Sourced by the other scripts: finds the pinned Deno, fetching it through npm
# when it is missing, and sets DENO. Everything lands in the user's cache
# folder; nothing is installed elsewhere, and root is never needed.

DENO_VERSION=2.7.11
ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
CACHE=${HAYATE_CACHE:-${XDG_CACHE_HOME:-${HOME:?HOME is not set}/.cache}/hayate}

die() {
  printf '%s: %s\n' "$(basename "$0")" "$*" >&2
  [ -z "${stage:-}" ] || rm -rf "$stage"
  exit 1
}

case "$(uname -s)-$(uname -m)" in
  Linux-x86_64) CPU=x64 ;;
  Linux-aarch64) CPU=arm64 ;;
  *) die "hayate is built on Linux x86_64 or aarch64; this is $(uname -s) $(uname -m)" ;;
esac

# A company's own CA is honoured for every download Deno makes.
export DENO_TLS_CA_STORE=${DENO_TLS_CA_STORE:-system,mozilla}
export DENO_NO_UPDATE_CHECK=1 DENO_NO_PROMPT=1
export HAYATE_CACHE=$CACHE HAYATE_CPU=$CPU HAYATE_ROOT=$ROOT

# fetch_npm PACKAGE@VERSION FOLDER: the package's files in FOLDER/package.
# npm checks the integrity hash that its registry states.
fetch_npm() {
  command -v npm >/dev/null 2>&1 || die "npm is missing: install Node.js with npm, it fetches $1"
  mkdir -p "$2" || die "cannot write to the cache folder $2"
  # A cache of its own, thrown away with the folder: nothing is left in the user's home.
  (cd "$2" && npm pack --loglevel=error --cache npm-cache "$1" >/dev/null 2>npm-error) || {
    reason=$(sed -n -E 's/^npm (error|ERR!) (code )?//p' "$2/npm-error" | sed 1q)
    die "npm could not fetch $1${reason:+ ($reason)}: is its registry reachable?"
  }
  (cd "$2" && tar xzf ./*.tgz && rm -rf ./*.tgz npm-error npm-cache) ||
    die "cannot unpack $1 in $2: is the disk full?"
}

DENO=$CACHE/deno-$DENO_VERSION/deno
if [ ! -x "$DENO" ]; then
  printf 'fetching Deno %s ...\n' "$DENO_VERSION" >&2
  stage=$CACHE/stage-$$
  rm -rf "$stage"
  fetch_npm "@deno/linux-$CPU-glibc@$DENO_VERSION" "$stage"
  chmod +x "$stage/package/deno"
  "$stage/package/deno" --version >/dev/null 2>&1 ||
    die "the Deno that npm delivered does not run here (glibc is needed; this may be musl)"
  mkdir -p "$CACHE/deno-$DENO_VERSION"
  # rename(2) is atomic: two scripts that start together cannot see half a file.
  mv "$stage/package/deno" "$DENO"
  rm -rf "$stage"
fi
export DENO
