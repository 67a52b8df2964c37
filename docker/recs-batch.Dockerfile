# The nightly recommendations: `docker run IMAGE run --tables URI --store URI`, or one step of it.
ARG BASE=docker.io/library/python:3.12-slim-bookworm

FROM ${BASE} AS build
COPY requirements/recs_batch.txt /build/requirements.txt
# Wheels alone, those of the lock and each with its hash: nothing is compiled, nothing else comes along, pip stays behind.
RUN python -m venv --without-pip /opt/venv \
    && pip --python /opt/venv/bin/python --disable-pip-version-check --quiet install --no-cache-dir --no-deps --only-binary :all: \
        --require-hashes --requirement /build/requirements.txt
COPY common /app/common
COPY recs_batch /app/recs_batch
# Compiled here, because the root is read-only where it runs.
RUN python -m compileall -q --invalidation-mode unchecked-hash /app
# So are the kernels, by running them, for any processor of this architecture.
WORKDIR /build
RUN export PATH="/opt/venv/bin:$PATH" PYTHONPATH=/app NUMBA_CPU_NAME=generic NUMBA_CACHE_DIR=/opt/kernels LOG_LEVEL=WARNING \
    && python -m recs_batch generate --users 3000 --rooms 60 --messages 3000 --likes 30000 \
    && python -m recs_batch run --date 2026-10-31 --no-evaluate

FROM ${BASE}
COPY --from=build /opt/venv /opt/venv
COPY --from=build /app /app
COPY --from=build /opt/kernels /opt/kernels
WORKDIR /app
ENV PATH=/opt/venv/bin:$PATH \
    PYTHONPATH=/app \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    LOG_FORMAT=json \
    HOME=/tmp \
    MPLCONFIGDIR=/tmp/matplotlib \
    NUMBA_CACHE_DIR=/tmp/numba \
    NUMBA_CPU_NAME=generic \
    BUILT_KERNELS=/opt/kernels \
    WORK_URI=/tmp/work
# Any user will do; Kubernetes sets its own.
USER 10001:10001
ENTRYPOINT ["python", "-m", "recs_batch"]
CMD ["run"]
# Last, because they change with every commit.
ARG PROJECT_VERSION=unknown
ARG CODE_VERSION=unknown
ARG CREATED=1970-01-01T00:00:00Z
ENV PROJECT_VERSION=${PROJECT_VERSION} \
    CODE_VERSION=${CODE_VERSION}
LABEL org.opencontainers.image.title="recs-batch" \
      org.opencontainers.image.description="Recommends users to follow and rooms to join" \
      org.opencontainers.image.version="${PROJECT_VERSION}" \
      org.opencontainers.image.revision="${CODE_VERSION}" \
      org.opencontainers.image.created="${CREATED}" \
      org.opencontainers.image.base.name="docker.io/library/python:3.12-slim-bookworm"
