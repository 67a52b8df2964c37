# The classifier's API: `docker run IMAGE serve`, as Kubernetes and SageMaker run it. It holds no TensorFlow.
ARG BASE=docker.io/library/python:3.12-slim-bookworm

FROM ${BASE} AS build
COPY requirements/image_classifier.txt /build/requirements.txt
# Wheels alone, those of the lock and each with its hash: nothing is compiled, nothing else comes along, pip stays behind.
RUN python -m venv --without-pip /opt/venv \
    && pip --python /opt/venv/bin/python --disable-pip-version-check --quiet install --no-cache-dir --no-deps --only-binary :all: \
        --require-hashes --requirement /build/requirements.txt
COPY common /app/common
COPY image_classifier /app/image_classifier
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
# No USER: SageMaker runs its containers as root. It works as any user on a read-only root, and Kubernetes sets one.
ENTRYPOINT ["python", "-m", "image_classifier"]
CMD ["serve"]
EXPOSE 8080
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=3s --start-period=30s \
    CMD ["python", "-c", "import urllib.request as u; u.urlopen('http://127.0.0.1:8080/readyz', timeout=2)"]
# Last, because they change with every commit.
ARG PROJECT_VERSION=unknown
ARG CODE_VERSION=unknown
ARG CREATED=1970-01-01T00:00:00Z
ENV PROJECT_VERSION=${PROJECT_VERSION} \
    CODE_VERSION=${CODE_VERSION}
LABEL org.opencontainers.image.title="image-classifier" \
      org.opencontainers.image.description="Tells price charts from memes over HTTP" \
      org.opencontainers.image.version="${PROJECT_VERSION}" \
      org.opencontainers.image.revision="${CODE_VERSION}" \
      org.opencontainers.image.created="${CREATED}" \
      org.opencontainers.image.base.name="docker.io/library/python:3.12-slim-bookworm"
