# Sourced by the other scripts: finds the pinned Deno, fetching it when it is
# missing, and sets DENO. Everything lands in the user's cache
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
  Linux-x86_64)
    CPU=x64 DENO_TARGET=x86_64-unknown-linux-gnu
    DENO_SHA256=e518fbc96877fbc2b37820ec54a02e473166cb25a5d4d627ffde37360fd7d210
    ;;
  Linux-aarch64)
    CPU=arm64 DENO_TARGET=aarch64-unknown-linux-gnu
    # Not pinned: the transport's own checks have to do (npm's integrity hash, or TLS).
    DENO_SHA256=
    ;;
  *) die "hayate is built on Linux x86_64 or aarch64; this is $(uname -s) $(uname -m)" ;;
esac
DENO_PACKAGE=linux-$CPU-glibc

# A company's own CA is honoured for every download Deno makes.
export DENO_TLS_CA_STORE=${DENO_TLS_CA_STORE:-system,mozilla}
export DENO_NO_UPDATE_CHECK=1 DENO_NO_PROMPT=1
export HAYATE_CACHE=$CACHE HAYATE_CPU=$CPU HAYATE_ROOT=$ROOT

# fetch_deno FOLDER: the program in FOLDER/deno. npm knows its registry and its credentials; where npm
# is missing, as in the image's build, curl asks the registry that NPM_CONFIG_REGISTRY names, or
# else Deno's own site. The program is checked against the hash above.
fetch_deno() {
  mkdir -p "$1" || die "cannot write to the cache folder $1"
  if command -v npm >/dev/null 2>&1; then
    # A cache of its own, thrown away with the folder: nothing is left in the user's home.
    (cd "$1" && npm pack --loglevel=error --cache npm-cache "@deno/$DENO_PACKAGE@$DENO_VERSION" >/dev/null 2>error) || {
      reason=$(sed -n -E 's/^npm (error|ERR!) (code )?//p' "$1/error" | sed 1q)
      die "npm could not fetch Deno $DENO_VERSION${reason:+ ($reason)}: is its registry reachable?"
    }
    mv "$1"/*.tgz "$1/archive"
  elif command -v curl >/dev/null 2>&1; then
    if [ -n "${NPM_CONFIG_REGISTRY:-}" ]; then
      url=${NPM_CONFIG_REGISTRY%/}/@deno/$DENO_PACKAGE/-/$DENO_PACKAGE-$DENO_VERSION.tgz
    else
      command -v funzip >/dev/null 2>&1 || die "funzip is missing: install unzip, or set NPM_CONFIG_REGISTRY"
      url=https://dl.deno.land/release/v$DENO_VERSION/deno-$DENO_TARGET.zip
    fi
    # A closed network is noticed within seconds, and said.
    curl -fsSL --connect-timeout 10 --retry 2 -o "$1/archive" "$url" 2>"$1/error" ||
      die "cannot fetch $url: $(grep -m 1 '^curl:' "$1/error")"
  else
    die "npm is missing (and curl): install Node.js with npm, it fetches Deno $DENO_VERSION"
  fi
  case "${url:-}" in
    *.zip) funzip "$1/archive" >"$1/deno" ;;
    *) tar xzf "$1/archive" -C "$1" --strip-components 1 ;;
  esac || die "cannot unpack Deno in $1: is the disk full?"
  found=$(sha256sum "$1/deno" | cut -d ' ' -f 1)
  [ "$found" = "${DENO_SHA256:-$found}" ] || die "Deno $DENO_VERSION has SHA-256 $found, expected $DENO_SHA256"
  chmod +x "$1/deno"
}

DENO=$CACHE/deno-$DENO_VERSION/deno
if [ ! -x "$DENO" ]; then
  printf 'fetching Deno %s ...\n' "$DENO_VERSION" >&2
  stage=$CACHE/stage-$$
  rm -rf "$stage"
  fetch_deno "$stage"
  "$stage/deno" --version >/dev/null 2>&1 ||
    die "Deno does not run here (glibc is needed; this may be musl)"
  mkdir -p "$CACHE/deno-$DENO_VERSION"
  # rename(2) is atomic: two scripts that start together cannot see half a file.
  mv "$stage/deno" "$DENO"
  rm -rf "$stage"
fi
export DENO
