#!/bin/sh
# image_root.sh PROGRAM FOLDER: lays out the root file system of the image. Runs in its build stage.
#
# In FOLDER are the program, the libraries that it names (ldd), those that it opens by name while it
# runs (libssl for TLS; libnss and libresolv, with which glibc resolves names), the certificates of
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

# "libc.so.6 => /lib/x86_64-linux-gnu/libc.so.6 (0x...)" and "/lib64/ld-linux-x86-64.so.2 (0x...)"
libraries=$(ldd "$program" | grep -o '/[^ ]*')
[ -n "$libraries" ] || { echo "image_root: ldd names no library of $program" >&2; exit 1; }
# shellcheck disable=SC2086 # library paths hold no blanks
take $libraries
folder=$(dirname "$(echo "$libraries" | grep '/libc\.so\.6$')")
take "$folder/libssl.so.3" "$folder/libcrypto.so.3" \
  "$folder/libnss_files.so.2" "$folder/libnss_dns.so.2" "$folder/libresolv.so.2"
# The CA of the network that the image was built in stays behind: the image trusts what Debian trusts.
if [ -e /usr/local/share/ca-certificates/build.crt ]; then
  rm /usr/local/share/ca-certificates/build.crt
  update-ca-certificates --fresh >/dev/null
fi
take /etc/ssl/certs/ca-certificates.crt

printf 'root:x:0:0:root:/tmp:/hayate\nnobody:x:65534:65534:nobody:/tmp:/hayate\n' > "$root/etc/passwd"
printf 'root:x:0:\nnogroup:x:65534:\n' > "$root/etc/group"
printf 'hosts: files dns\n' > "$root/etc/nsswitch.conf"
