/**
 * The script that brings this program to a host and starts it there, in one session of ssh. Pure.
 *
 * It speaks in lines that begin with `hayate-setup`, and exec's the machine in its own place, so that
 * one connection carries everything. Only what POSIX sh has is used, besides sha256sum or shasum, head
 * -c, and gzip where it exists.
 */

/** What the host must have, or get. */
export interface Program {
  /** SHA-256 of the file, in hexadecimal. */
  readonly hash: string;
  readonly byteCount: number;
  /** As `uname -sm` prints it. */
  readonly system: string;
  /** Of hayate. */
  readonly version: string;
}

export const setupMark = "hayate-setup";

/** Folders for the program, the best one first: one may be full, or mounted noexec. */
const folders = [
  '"${XDG_CACHE_HOME:-${HOME:-/nonexistent}/.cache}/hayate"',
  '"/var/tmp/hayate-$u"',
  '"/tmp/hayate-$u"',
  '"/run/user/$u/hayate"',
  '"/dev/shm/hayate-$u"',
].join(" ");

/** Copies that were not used for so many days are removed. */
const keptDays = 30;

/**
 * The command for ssh. It is one line without a single quote or an exclamation mark within, since the
 * user's shell, which takes it apart, may be any.
 */
export function setupCommand(
  { hash, byteCount, system, version }: Program,
): string {
  const lines = [
    `w=${hash}; n=hayate-${hash.slice(0, 16)}; u=$(id -u); umask 077;`,
    `say() { echo "${setupMark} $1"; };`,
    'sum() { if command -v sha256sum >/dev/null 2>&1; then sha256sum "$1"; else shasum -a 256 "$1"; fi 2>/dev/null | cut -c 1-64; };',
    // Any folder may be someone else's, who would wait for us to run what lies there.
    'own() { [ -d "$1" ] && [ -O "$1" ] && [ -w "$1" ] && chmod 700 "$1" 2>/dev/null; };',
    // A tiny program tells whether anything may be executed there.
    'runs() { t="$1/.try-$$"; echo "exit 0" > "$t" 2>/dev/null && chmod 700 "$t" && "$t" 2>/dev/null; r=$?; rm -f "$t"; [ "$r" = 0 ]; };',
    'fits() { k=$(df -Pk "$1" 2>/dev/null | tail -n 1 | tr -s " " | cut -d " " -f 4);' +
    ` [ "\${k:-0}" -gt ${Math.ceil(byteCount / 1024) + 1024} ] 2>/dev/null; };`,
    'go() { say "ready $1"; exec "$1" load join; };',
    `if [ "$(uname -sm)" = "${system}" ]; then :; else` +
    ` case "$(hayate --version 2>/dev/null </dev/null)" in "hayate ${version}") go hayate;; esac;` +
    ' say "system $(uname -sm)"; exit 1; fi;',
    `for d in ${folders}; do f="$d/$n";` +
    ' if own "$d" && [ -x "$f" ] && [ "$(sum "$f")" = "$w" ] && "$f" --version </dev/null >/dev/null 2>&1; then' +
    ' touch "$f"; go "$f"; fi; done;',
    `for d in ${folders}; do f="$d/$n"; p="$f.$$";` +
    ' mkdir -p "$d" 2>/dev/null; if own "$d"; then :; else say "no $d: cannot be written"; continue; fi;' +
    ' if runs "$d"; then :; else say "no $d: nothing can be executed there"; continue; fi;' +
    ' if fits "$d"; then :; else say "no $d: not enough space"; continue; fi;' +
    ` find "$d" -name "hayate-*" -mtime +${keptDays} -exec rm -f {} + 2>/dev/null;` +
    // The other end sends how many bytes it will send, and then those. What cannot be written must be
    // read all the same: the next attempt begins behind it.
    " if command -v gzip >/dev/null 2>&1; then say packed; read -r z;" +
    ' head -c "$z" | { gzip -dc > "$p" 2>/dev/null || cat >/dev/null; };' +
    " else say plain; read -r z;" +
    ' head -c "$z" | { cat > "$p" 2>/dev/null || cat >/dev/null; }; fi;' +
    ' if [ "$(sum "$p")" = "$w" ]; then :; else' +
    ' rm -f "$p"; say "no $d: the copy is not whole"; continue; fi;' +
    ' chmod 700 "$p"; mv -f "$p" "$f";' +
    ' e=$("$f" --version 2>&1 </dev/null) || { rm -f "$f"; say "fails $e"; exit 1; };' +
    ' go "$f"; done;',
    "say nowhere; exit 1",
  ];
  return `exec sh -c '${lines.join(" ")}'`;
}
