# The service as one small image for every role: `docker build -t triggers-api .`
FROM node:24.21.0-bookworm-slim AS packages
WORKDIR /srv/triggers
COPY package.json package-lock.json .npmrc ./
RUN npm ci --omit=dev --ignore-scripts
COPY scripts/build-dashboard.mjs ./scripts/
COPY dashboard ./dashboard
RUN node scripts/build-dashboard.mjs

FROM node:24.21.0-bookworm-slim
ENV NODE_ENV=production HOST=0.0.0.0 DATA_DIR=/data
WORKDIR /srv/triggers
COPY --from=packages /srv/triggers/node_modules ./node_modules
COPY package.json LICENSE ./
COPY src ./src
COPY packages ./packages
COPY deploy/docker/healthcheck.mjs ./
COPY --from=packages /srv/triggers/dashboard/dist ./dashboard/dist
RUN mkdir /data && chown node:node /data
USER node
VOLUME /data
EXPOSE 8000
HEALTHCHECK --interval=5s --timeout=3s --start-period=20s CMD ["node", "healthcheck.mjs"]
# Node itself is process 1 and gets the signals.
ENTRYPOINT ["node", "--max-semi-space-size=4", "src/cli/main.ts"]
CMD ["serve"]
