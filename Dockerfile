# The appliance: the supervisor in front of the proxy, in an image that holds nothing else.
#
#   docker build -t hayate .                       (or scripts/image, with docker or buildah)
#   docker run --net=host -e PORTS="80 443" -v $PWD/h2o.conf:/etc/hayate/h2o.conf hayate
#   docker kill --signal=HUP CONTAINER             (a new generation, no request lost)

FROM docker.io/library/debian:bookworm-slim AS build
WORKDIR /src
COPY . .
# npm fetches the pinned Deno. scripts/image puts what this machine has already fetched into
# toolchain/, so that a build behind a closed network, or a company's CA, needs neither.
RUN apt-get update \
  && apt-get install -y --no-install-recommends ca-certificates libssl3 \
     $([ -d toolchain ] || echo npm) \
  && rm -rf /var/lib/apt/lists/*
RUN HAYATE_CACHE=/src/toolchain DENO_DIR=/src/toolchain/deno-dir scripts/build \
  && sh scripts/image_root.sh dist/hayate /image

FROM scratch
COPY --from=build /image/ /
ENV KILL_OLD_DELAY=1 HOME=/tmp PATH=/
ENTRYPOINT ["/hayate", "supervise"]
CMD ["proxy"]
