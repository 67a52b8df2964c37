# The nightly recommendations on Spark: `docker run IMAGE run --engine spark`, for tables that outgrow one machine's memory.
ARG BASE=docker.io/library/python:3.12-slim-bookworm

FROM ${BASE} AS build
COPY requirements/recs_batch_spark.txt /build/requirements.txt
# What the lock names, each with its hash; wheels alone, but for PySpark, which is published as source (it compiles nothing).
RUN python -m venv --without-pip /opt/venv \
    && pip --python /opt/venv/bin/python --disable-pip-version-check --quiet install --no-cache-dir --no-deps --only-binary :all: \
        --no-binary pyspark \
        --require-hashes --requirement /build/requirements.txt
COPY common /app/common
COPY recs_batch /app/recs_batch
# Compiled here, because the root is read-only where it runs.
RUN python -m compileall -q --invalidation-mode unchecked-hash /app

FROM ${BASE}
# Hadoop asks the system for the user's name, so here the user needs one; Debian's newest fixes of the JVM are wanted.
# (Its package wants the folder of manual pages, which slim images lack.)
# hadolint ignore=DL3008
RUN mkdir -p /usr/share/man/man1 \
    && apt-get update -qq \
    && apt-get install --yes -qq --no-install-recommends openjdk-17-jre-headless \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --uid 10001 --no-create-home recs
COPY --from=build /opt/venv /opt/venv
COPY --from=build /app /app
WORKDIR /app
ENV PATH=/opt/venv/bin:$PATH \
    PYTHONPATH=/app \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    LOG_FORMAT=json \
    HOME=/tmp \
    MPLCONFIGDIR=/tmp/matplotlib \
    NUMBA_CACHE_DIR=/tmp/numba \
    WORK_URI=/tmp/work \
    SPARK_LOCAL_DIRS=/tmp
USER 10001:10001
ENTRYPOINT ["python", "-m", "recs_batch"]
CMD ["run"]
# Last, because they change with every commit.
ARG PROJECT_VERSION=unknown
ARG CODE_VERSION=unknown
ARG CREATED=1970-01-01T00:00:00Z
ENV PROJECT_VERSION=${PROJECT_VERSION} \
    CODE_VERSION=${CODE_VERSION}
LABEL org.opencontainers.image.title="recs-batch-spark" \
      org.opencontainers.image.description="Recommends users to follow and rooms to join, on Spark" \
      org.opencontainers.image.version="${PROJECT_VERSION}" \
      org.opencontainers.image.revision="${CODE_VERSION}" \
      org.opencontainers.image.created="${CREATED}" \
      org.opencontainers.image.base.name="docker.io/library/python:3.12-slim-bookworm"
