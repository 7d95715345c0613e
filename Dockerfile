# The appliance: the supervisor running the proxy, in an image that holds nothing else.
#
#   docker build -t hayate .                       (or scripts/image, with docker or buildah)
#   docker run --net=host -e PORTS="80 443" -v $PWD/conf:/etc/hayate hayate
#   docker kill --signal=HUP CONTAINER             (a new generation, no request lost)
#
# Behind a proxy that terminates TLS: docker build --build-arg CA_CERT="$(cat company-ca.pem)" ...
# Where only an npm registry can be reached: --build-arg NPM_CONFIG_REGISTRY="$(npm config get registry)"

FROM docker.io/library/debian:trixie-slim AS build
# A PEM certificate that downloads of this build trust besides Debian's own. The image does not.
ARG CA_CERT=""
# Where Deno and denort come from; Deno's own site by default.
ARG NPM_CONFIG_REGISTRY=""
WORKDIR /src
COPY scripts/image_packages.sh scripts/
RUN sh scripts/image_packages.sh "$CA_CERT"
COPY . .
# scripts/image puts what this machine has already fetched into toolchain/: then nothing is fetched.
RUN HAYATE_CACHE=/src/toolchain DENO_DIR=/src/toolchain/deno-dir scripts/build \
  && sh scripts/image_root.sh dist/hayate /image

FROM scratch
LABEL org.opencontainers.image.title="hayate" \
  org.opencontainers.image.description="Reverse proxy and application server under a hot-deploy supervisor; load generator" \
  org.opencontainers.image.licenses="MIT"
COPY --from=build /image/ /
ENV KILL_OLD_DELAY=1 HOME=/tmp PATH=/
EXPOSE 80 443
STOPSIGNAL SIGTERM
# Asks the supervisor through /dev/shm: no port, no shell. Containers of `load` are healthy.
HEALTHCHECK --interval=10s --timeout=2s --start-period=10s --retries=3 CMD ["/hayate", "health"]
ENTRYPOINT ["/hayate", "supervise"]
CMD ["proxy"]
