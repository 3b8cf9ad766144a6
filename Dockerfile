# syntax=docker/dockerfile:1
# docker build --build-arg COMMIT="$(git rev-parse HEAD)" -t gatehouse .
# docker run -v gatehouse:/data -p 8080:8080 -e GATEHOUSE_PUBLIC_URL=https://gate.example gatehouse
FROM oven/bun:1.4.5 AS build
WORKDIR /src
COPY package.json bun.lock bunfig.toml ./
RUN bun install --frozen-lockfile
COPY scripts/build.ts scripts/
COPY src src
# The error reference is served at /docs/errors.
COPY docs/errors.md docs/
ARG COMMIT
ARG SOURCE_DATE_EPOCH
RUN bun scripts/build.ts --commit="$COMMIT" && install -d -m 0700 /data

FROM gcr.io/distroless/base-debian12:nonroot
COPY --from=build /src/dist/gatehouse /gatehouse
COPY --from=build --chown=65532:65532 /data /data
# Variables rather than flags, so that the health check and `docker exec` verbs find the same server.
ENV GATEHOUSE_DATA_DIR=/data GATEHOUSE_LISTEN=0.0.0.0:8080
USER 65532:65532
EXPOSE 8080
HEALTHCHECK --interval=30s --timeout=10s --start-period=15s CMD ["/gatehouse", "healthcheck"]
ENTRYPOINT ["/gatehouse"]
CMD ["serve"]
