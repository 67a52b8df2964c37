# The sentiment of every minute: `docker run IMAGE aggregate`, and `serve` for its page.
ARG BASE=docker.io/library/python:3.12-slim-bookworm

FROM ${BASE} AS build
COPY requirements/sentiment_minibatch.txt /build/requirements.txt
# Wheels alone, those of the lock and each with its hash: nothing is compiled, nothing else comes along, pip stays behind.
RUN python -m venv --without-pip /opt/venv \
    && pip --python /opt/venv/bin/python --disable-pip-version-check --quiet install --no-cache-dir --no-deps --only-binary :all: \
        --require-hashes --requirement /build/requirements.txt
COPY common /app/common
COPY sentiment_minibatch /app/sentiment_minibatch
# Compiled here, because the root is read-only where it runs.
RUN python -m compileall -q --invalidation-mode unchecked-hash /app

FROM ${BASE}
COPY --from=build /opt/venv /opt/venv
COPY --from=build /app /app
WORKDIR /app
ENV PATH=/opt/venv/bin:$PATH \
    PYTHONPATH=/app \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    LOG_FORMAT=json \
    HOME=/tmp \
    SERVE_HOST=0.0.0.0
# Any user will do; Kubernetes sets its own.
USER 10001:10001
ENTRYPOINT ["python", "-m", "sentiment_minibatch"]
CMD ["aggregate"]
EXPOSE 8081
STOPSIGNAL SIGTERM
# Last, because they change with every commit.
ARG PROJECT_VERSION=unknown
ARG CODE_VERSION=unknown
ARG CREATED=1970-01-01T00:00:00Z
ENV PROJECT_VERSION=${PROJECT_VERSION} \
    CODE_VERSION=${CODE_VERSION}
LABEL org.opencontainers.image.title="sentiment-minibatch" \
      org.opencontainers.image.description="Aggregates the sentiment of every ticker by the minute and shows it" \
      org.opencontainers.image.version="${PROJECT_VERSION}" \
      org.opencontainers.image.revision="${CODE_VERSION}" \
      org.opencontainers.image.created="${CREATED}" \
      org.opencontainers.image.base.name="docker.io/library/python:3.12-slim-bookworm"
