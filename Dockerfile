# One image for every role: SERVICE_ROLE says which one a container plays.
FROM oven/bun:1.4.5-slim AS dependencies
WORKDIR /app
COPY package.json bun.lock ./
COPY patches patches
COPY server/package.json server/
COPY sdk/package.json sdk/
COPY cli/package.json cli/
COPY web/package.json web/
# Nothing here needs an install script to run.
RUN bun install --frozen-lockfile --production --ignore-scripts

FROM oven/bun:1.4.5-slim
WORKDIR /app
ENV NODE_ENV=production \
    SERVICE_ROLE=API \
    PORT=3025 \
    WORKER_PORT=3026 \
    TEMPLATES_SOURCE_DIR=/app/templates-src \
    TEMPLATES_DIST_DIR=/app/templates-dist
COPY --from=dependencies /app ./
COPY tsconfig.json LICENSE ./
COPY server/src server/src
COPY sdk/src sdk/src
COPY cli/src cli/src
COPY web/src web/src
COPY templates templates
# The two caches of an instance are all that it ever writes to, besides /tmp.
RUN mkdir -p "$TEMPLATES_SOURCE_DIR" "$TEMPLATES_DIST_DIR" \
    && chown bun:bun "$TEMPLATES_SOURCE_DIR" "$TEMPLATES_DIST_DIR"
USER bun
EXPOSE 3025 3026
HEALTHCHECK --interval=10s --timeout=3s --start-period=15s --retries=3 \
    CMD ["bun", "-e", "const { SERVICE_ROLE, PORT, WORKER_PORT } = process.env; const port = SERVICE_ROLE === 'WORKER' ? WORKER_PORT : PORT; const answer = await fetch('http://127.0.0.1:' + port + '/healthz'); process.exit(answer.ok ? 0 : 1)"]
CMD ["bun", "run", "server/src/index.ts"]
