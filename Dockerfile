# The program alone, for `cdc`, `full` and the other commands. `demo` needs packages that are left out here.
#
#     docker build -t afluente .
#     docker run --rm --env-file .env afluente node dist/main.js full

# A place to work on the code: .devcontainer uses it. It copies nothing.
FROM node:24.21.0-bookworm AS dev
USER node
WORKDIR /workspace

FROM node:24.21.0-bookworm-slim AS build
WORKDIR /app
COPY package.json package-lock.json ./
RUN npm ci --no-audit --no-fund
COPY build.mjs ./
COPY notices notices
COPY src src
COPY layers layers
RUN npm run build

FROM node:24.21.0-bookworm-slim
ENV NODE_ENV=production
WORKDIR /app
COPY --from=build /app/package.json ./
COPY --from=build /app/dist dist
# The one package that is not in dist: the engine of `verify` is a binary.
COPY --from=build /app/node_modules/@duckdb node_modules/@duckdb
COPY --from=build /app/node_modules/detect-libc node_modules/detect-libc
COPY query query
# Transactions too large for memory are kept here: make it a disk, not a tmpfs.
ENV TMPDIR=/spool
RUN install -d -o node -g node /spool
VOLUME /spool
# `node`, as a number, by which Kubernetes can tell that it is not root.
USER 1000:1000
# No shell and no init in between: the program takes SIGTERM itself, and finishes the batch in hand.
CMD ["node", "dist/main.js", "cdc"]
