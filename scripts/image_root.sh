#!/bin/sh
# image_root.sh PROGRAM FOLDER: lays out the root file system of the image. Runs in its build stage.
#
# In FOLDER are the program, the libraries that it opens by name while it runs (libssl for TLS; libnss
# and libresolv, with which glibc resolves names), what all of these need (ldd), the certificates of
# the well-known authorities, and the few files that glibc and the program expect to find.
set -eu

program=$1
root=$2

# take FILE...: copies what is there to the same path under $root, links resolved.
take() {
  for file; do
    [ -e "$file" ] || continue
    mkdir -p "$root$(dirname "$file")"
    cp -L "$file" "$root$file"
  done
}

mkdir -p "$root/etc/hayate" "$root/h2o" "$root/run"
mkdir -m 1777 -p "$root/tmp"
cp "$program" "$root/hayate"
chmod 755 "$root/hayate"

# needs FILE: "libc.so.6 => /lib/x86_64-linux-gnu/libc.so.6 (0x...)", "/lib64/ld-linux-x86-64.so.2 (0x...)"
needs() { ldd "$1" | grep -o '/[^ ]*'; }

libraries=$(needs "$program")
[ -n "$libraries" ] || { echo "image_root: ldd names no library of $program" >&2; exit 1; }
folder=$(dirname "$(echo "$libraries" | grep '/libc\.so\.6$')")
# shellcheck disable=SC2086 # library paths hold no blanks
take $libraries
for name in libssl.so.3 libcrypto.so.3 libnss_files.so.2 libnss_dns.so.2 libresolv.so.2; do
  take "$folder/$name"
  # Debian 13's OpenSSL needs libz and libzstd.
  # shellcheck disable=SC2046
  [ ! -e "$folder/$name" ] || take $(needs "$folder/$name")
done
# The CA of the network that the image was built in stays behind: the image trusts what Debian trusts.
if [ -e /usr/local/share/ca-certificates/build.crt ]; then
  rm /usr/local/share/ca-certificates/build.crt
  update-ca-certificates --fresh >/dev/null
fi
take /etc/ssl/certs/ca-certificates.crt

printf 'root:x:0:0:root:/tmp:/hayate\nnobody:x:65534:65534:nobody:/tmp:/hayate\n' > "$root/etc/passwd"
printf 'root:x:0:\nnogroup:x:65534:\n' > "$root/etc/group"
printf 'hosts: files dns\n' > "$root/etc/nsswitch.conf"
