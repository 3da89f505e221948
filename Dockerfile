# The worker's image: built from the sources, then without them and without what only development needs.
FROM node:24.21.0-bookworm-slim AS build

WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm ci
COPY tsconfig.json build.ts ./
COPY access access
COPY lib lib
COPY nexudus nexudus
COPY kisi kisi
COPY database database
COPY messages messages
COPY workflows workflows
COPY activities activities
COPY push push
COPY config config
COPY verify verify
COPY monitoring monitoring
COPY temporal-server temporal-server
COPY webhooks webhooks
COPY worker worker
COPY tape tape
COPY space space
COPY desk desk
COPY client client
COPY simulators simulators
RUN npm run build

FROM node:24.21.0-bookworm-slim

# Inside a container only what is published is reached from outside. Fewer arenas keep less of what a start took (docs/performance.md).
ENV NODE_ENV=production TZ=UTC LATCHKEY_HEALTH_HOST=0.0.0.0 MALLOC_ARENA_MAX=2
WORKDIR /app

COPY package.json package-lock.json .npmrc ./
RUN npm ci --omit=dev && npm cache clean --force

COPY --from=build /app/dist dist
RUN ln -s /app/dist/latchkey.js /usr/local/bin/latchkey

# Owned by root, run by node: the process cannot change its own code. Only .latchkey is its to write.
RUN mkdir .latchkey && chown node:node .latchkey
USER node

EXPOSE 8088
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --retries=6 \
  CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.LATCHKEY_HEALTH_PORT || 8088}/healthz`).then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]

CMD ["latchkey", "worker"]
