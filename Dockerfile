# The web app and the collector of CI Health in one image: docker-compose.yml runs it as two services.
FROM node:20-bookworm-slim AS dashboard
WORKDIR /src/frontend
COPY frontend/package.json frontend/package-lock.json frontend/.npmrc ./
RUN npm ci --no-audit --no-fund
COPY frontend/ ./
RUN npm run build

FROM python:3.11-slim-bookworm AS program
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
WORKDIR /src
COPY requirements-build.lock requirements.lock ./
RUN python -m venv /build && /build/bin/pip install --no-deps --require-hashes -r requirements-build.lock \
    && python -m venv /opt/cihealth && /opt/cihealth/bin/pip install --no-deps --require-hashes -r requirements.lock
COPY pyproject.toml hatch_build.py README.md LICENSE ./
COPY collector/ collector/
COPY config/ config/
COPY webapp/ webapp/
COPY --from=dashboard /src/webapp/static/ webapp/static/
RUN /build/bin/pip wheel --no-deps --no-build-isolation --wheel-dir dist . \
    && /opt/cihealth/bin/pip install --no-deps --no-index dist/*.whl

FROM python:3.11-slim-bookworm
RUN groupadd --gid 10001 cihealth && useradd --uid 10001 --gid 10001 --no-create-home --home-dir /nonexistent cihealth \
    && install -d -o cihealth -g cihealth /data
COPY --from=program /opt/cihealth/ /opt/cihealth/
ENV PATH=/opt/cihealth/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    CIHEALTH_CONFIG=/etc/cihealth/collectors.yaml \
    CIHEALTH_DATABASE=sqlite:////data/cihealth.db \
    CIHEALTH_HOST=0.0.0.0 \
    CIHEALTH_PORT=8000
USER 10001:10001
WORKDIR /data
VOLUME ["/data"]
EXPOSE 8000
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=15s --timeout=5s --start-period=30s --retries=3 \
    CMD ["python", "-P", "-c", "import os, urllib.request as u; u.urlopen(f\"http://127.0.0.1:{os.environ['CIHEALTH_PORT']}/healthz\", timeout=4)"]
ENTRYPOINT ["cihealth"]
CMD ["run"]
