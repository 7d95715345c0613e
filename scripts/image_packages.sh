#!/bin/sh
# image_packages.sh [PEM]: installs what the build stage of the image needs, 6 packages of Debian's.
# PEM is a certificate that downloads trust besides the well-known authorities.
set -eu

ca=${1:-}
if [ -n "$ca" ]; then
  case $ca in
    *"-----BEGIN CERTIFICATE-----"*) ;;
    *) echo "image_packages: CA_CERT is not a certificate in PEM form" >&2 && exit 1 ;;
  esac
  # The packages' set-up collects it into the store; apt needs it before there is one.
  mkdir -p /usr/local/share/ca-certificates
  printf '%s\n' "$ca" >/usr/local/share/ca-certificates/build.crt
  echo 'Acquire::https::CaInfo "/usr/local/share/ca-certificates/build.crt";' >/etc/apt/apt.conf.d/build-ca
fi
# A network that does not answer is named after seconds, not minutes.
apt-get -o APT::Update::Error-Mode=any -o Acquire::Retries=1 -o Acquire::http::Timeout=15 -o Acquire::https::Timeout=15 update
DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends ca-certificates curl libssl3t64 unzip
rm -rf /var/lib/apt/lists/*
