# The worker's image. The sources run as they are (tsx), so there is no build step.
FROM node:20.20.2-bookworm-slim

# Inside a container only what is published is reached from outside.
ENV NODE_ENV=production TZ=UTC LATCHKEY_HEALTH_HOST=0.0.0.0
WORKDIR /app

COPY package.json package-lock.json .npmrc ./
RUN npm ci --omit=dev && npm cache clean --force

COPY tsconfig.json ./
COPY access access
COPY nexudus nexudus
COPY kisi kisi
COPY trail trail
COPY workflows workflows
COPY activities activities
COPY push push
COPY worker worker
COPY client client
COPY simulators simulators

# Owned by root, run by node: the process cannot change its own code. Only .latchkey is its to write.
RUN mkdir .latchkey && chown node:node .latchkey
USER node

EXPOSE 8088
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --retries=6 \
  CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.LATCHKEY_HEALTH_PORT || 8088}/healthz`).then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]

CMD ["node", "client/latchkey.js", "worker"]
