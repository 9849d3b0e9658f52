# Both stages are of the same Debian, so that what is built runs.
FROM rust:1.95-slim-bookworm AS build
RUN apt-get update && apt-get install -y --no-install-recommends gcc libc6-dev && rm -rf /var/lib/apt/lists/*
WORKDIR /src
COPY . .
RUN cargo build --release --locked && strip target/release/alongside

FROM debian:bookworm-slim
# The folder is there before a volume is laid over it, so the volume takes its owner.
RUN useradd --system --uid 10001 --create-home --home-dir /var/lib/alongside alongside \
    && mkdir /var/lib/alongside/data && chown alongside:alongside /var/lib/alongside/data
COPY --from=build /src/target/release/alongside /usr/local/bin/alongside
USER alongside
WORKDIR /var/lib/alongside
VOLUME ["/var/lib/alongside/data"]
ENV ALONGSIDE_LISTEN=0.0.0.0:8080
EXPOSE 8080
# The program asks itself: there is no other tool in here that could.
HEALTHCHECK --interval=10s --timeout=12s --start-period=30s --retries=3 CMD ["alongside", "healthcheck"]
CMD ["alongside", "serve"]
