# Trains the classifier: `docker run IMAGE train`, as SageMaker runs it.
ARG BASE=docker.io/library/python:3.12-slim-bookworm

FROM ${BASE} AS build
COPY requirements/image_classifier_training.txt /build/requirements.txt
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
    TF_CPP_MIN_LOG_LEVEL=2
# No USER: SageMaker runs its containers as root.
ENTRYPOINT ["python", "-m", "image_classifier"]
CMD ["train"]
# Last, because they change with every commit.
ARG PROJECT_VERSION=unknown
ARG CODE_VERSION=unknown
ARG CREATED=1970-01-01T00:00:00Z
ENV PROJECT_VERSION=${PROJECT_VERSION} \
    CODE_VERSION=${CODE_VERSION}
LABEL org.opencontainers.image.title="image-classifier-training" \
      org.opencontainers.image.description="Trains the model that tells price charts from memes" \
      org.opencontainers.image.version="${PROJECT_VERSION}" \
      org.opencontainers.image.revision="${CODE_VERSION}" \
      org.opencontainers.image.created="${CREATED}" \
      org.opencontainers.image.base.name="docker.io/library/python:3.12-slim-bookworm"
