# Every target works from a fresh clone with Python 3.11 or newer and make; the rest is installed into .venv.
.DEFAULT_GOAL := help
SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DELETE_ON_ERROR:

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
LOCKS := image_classifier image_classifier_bench image_classifier_training \
  recs_batch recs_batch_airflow recs_batch_bench recs_batch_spark \
  sentiment_minibatch sentiment_benchmark sentiment_scoring_bench sentiment_streaming sentiment_streaming_bench demo testing development mutants policy

.PHONY: help
help: ## list the targets
	@grep -hE '^[a-z][a-z-]*:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  %-22s %s\n", $$1, $$2}'

# --- environments -----------------------------------------------------------------------------------------------------

# .venv is for running and developing; whatever else needs one has .venv-<purpose>, a benchmark .venv-bench-<of what>.

# uv downloads and installs in parallel; it comes itself by pip, hash-checked.
$(BIN)/uv: requirements/uv.txt
	@$(PYTHON) -c 'import sys; sys.exit("error: Python 3.11 or newer is needed; set PYTHON=python3.12, say") if sys.version_info < (3, 11) else None'
	@echo 'making the environment $(VENV), and in it uv, which installs the rest'
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes --requirement requirements/uv.txt
	@touch $@

$(VENV)/demo.installed: requirements/demo.txt pyproject.toml $(BIN)/uv
	@echo 'installing the packages of requirements/demo.txt and checking their hashes; what no cache has is downloaded first'
	@VIRTUAL_ENV=$(VENV) $(BIN)/uv pip install --require-hashes --requirement requirements/demo.txt
	@VIRTUAL_ENV=$(VENV) $(BIN)/uv pip install --quiet --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/development.installed: requirements/development.txt $(VENV)/demo.installed
	VIRTUAL_ENV=$(VENV) $(BIN)/uv pip install --require-hashes --requirement requirements/development.txt
	@touch $@

.PHONY: install
install: $(VENV)/development.installed ## create .venv with everything that development needs

# TensorFlow is 2 GB and needed only where the classifier is trained.
TRAINING := .venv-training
$(TRAINING)/installed: requirements/image_classifier_training.txt requirements/testing.txt $(BIN)/uv
	$(PYTHON) -m venv $(TRAINING)
	VIRTUAL_ENV=$(TRAINING) $(BIN)/uv pip install --require-hashes $(addprefix --requirement ,$(filter %.txt,$^))
	VIRTUAL_ENV=$(TRAINING) $(BIN)/uv pip install --quiet --no-deps --no-build-isolation --editable .
	@touch $@

.PHONY: install-training
install-training: $(TRAINING)/installed ## create .venv-training, with TensorFlow, for training the classifier

.PHONY: lock
lock: $(BIN)/uv ## compile requirements/*.txt from pyproject.toml (UPGRADE=1 takes newer versions)
	@for extra in $(LOCKS); do \
	  echo "requirements/$$extra.txt"; \
	  $(BIN)/uv pip compile pyproject.toml --extra $$extra --universal --generate-hashes --no-header --quiet \
	    --python-version 3.11 $(if $(UPGRADE),--upgrade) --output-file requirements/$$extra.txt; \
	done
	@echo 'uv' | $(BIN)/uv pip compile - --universal --generate-hashes --no-header --quiet --python-version 3.11 \
	    $(if $(UPGRADE),--upgrade) --output-file requirements/uv.txt

# --- run --------------------------------------------------------------------------------------------------------------

.PHONY: demo
demo: $(VENV)/demo.installed ## run the three products here, on embedded defaults (DEMO_ONCE=1: print and stop)
	$(BIN)/python -m demo

# --- benchmarks -------------------------------------------------------------------------------------------------------

.venv-bench-classifier/installed: requirements/image_classifier_bench.txt pyproject.toml $(BIN)/uv
	$(BIN)/uv venv --quiet --allow-existing --python $(BIN)/python .venv-bench-classifier
	VIRTUAL_ENV=.venv-bench-classifier $(BIN)/uv pip install --require-hashes --requirement requirements/image_classifier_bench.txt
	VIRTUAL_ENV=.venv-bench-classifier $(BIN)/uv pip install --quiet --no-deps --no-build-isolation --editable .
	@touch $@

.PHONY: bench-classifier
bench-classifier: .venv-bench-classifier/installed ## measure the classifier's API beside its limit and its peers (some 3 GB of memory)
	.venv-bench-classifier/bin/python -m benchmarks.classifier $(BENCH_ARGS)

.venv-bench-sentiment/installed: requirements/sentiment_benchmark.txt pyproject.toml $(BIN)/uv
	$(BIN)/uv venv --quiet --allow-existing --python $(BIN)/python .venv-bench-sentiment
	VIRTUAL_ENV=.venv-bench-sentiment $(BIN)/uv pip install --require-hashes --requirement requirements/sentiment_benchmark.txt
	VIRTUAL_ENV=.venv-bench-sentiment $(BIN)/uv pip install --quiet --no-deps --no-build-isolation --editable .
	@touch $@

.PHONY: bench-sentiment
bench-sentiment: .venv-bench-sentiment/installed ## measure the per-minute statement on 50 million rows, and the page's API on a year (8 GB in var/)
	.venv-bench-sentiment/bin/python -m benchmarks.sentiment_minute $(BENCH_ARGS)
	.venv-bench-sentiment/bin/python -m benchmarks.sentiment_page

.venv-bench-scoring/installed: requirements/sentiment_scoring_bench.txt pyproject.toml $(BIN)/uv
	$(BIN)/uv venv --quiet --allow-existing --python $(BIN)/python .venv-bench-scoring
	VIRTUAL_ENV=.venv-bench-scoring $(BIN)/uv pip install --require-hashes --requirement requirements/sentiment_scoring_bench.txt
	VIRTUAL_ENV=.venv-bench-scoring $(BIN)/uv pip install --quiet --no-deps --no-build-isolation --editable .
	@touch $@

.PHONY: bench-scoring
bench-scoring: .venv-bench-scoring/installed ## measure the scorer beside VADER, FinVADER and scikit-learn (MESSAGES=file with text and label)
	.venv-bench-scoring/bin/python -m benchmarks.scoring $(MESSAGES)

# --- streaming --------------------------------------------------------------------------------------------------------

STREAMING_VENV := .venv-streaming
STREAMING := sentiment_minibatch/streaming

$(STREAMING_VENV)/streaming.installed: requirements/sentiment_streaming.txt $(BIN)/uv
	$(BIN)/uv venv --quiet --allow-existing --python '>=3.11,<3.13' $(STREAMING_VENV)
	VIRTUAL_ENV=$(STREAMING_VENV) $(BIN)/uv pip install --require-hashes --requirement requirements/sentiment_streaming.txt
	@touch $@

.PHONY: install-streaming
install-streaming: $(STREAMING_VENV)/streaming.installed ## create .venv-streaming with PyFlink

.PHONY: stream-demo
stream-demo: install-streaming build/pyflink-dependencies.jar $(VENV)/development.installed ## run the streaming sentiment product here, live (STREAM_DEMO_MINUTES=3: then stop)
	$(BIN)/python -m sentiment_minibatch.streaming demo

# The operator of the Flink job with AWS's connectors in one jar, as AWS's own examples make it; its tests run with it.
build/pyflink-dependencies.jar: $(STREAMING)/flink/pom.xml $(shell find $(STREAMING)/flink/src -name '*.java')
	@command -v javac >/dev/null || { echo 'error: a JDK 17 is needed; install it (Debian: openjdk-17-jdk-headless)' >&2; exit 1; }
	@command -v mvn >/dev/null || { echo 'error: Maven is needed; install it (Debian: maven)' >&2; exit 1; }
	@mkdir -p build
	@mvn --batch-mode --file $< -DbuildDirectory=$(CURDIR)/build/flink package >build/flink.log 2>&1 || \
	  { grep -m 20 ERROR build/flink.log >&2; echo 'error: Maven could not build $<; build/flink.log says why' >&2; exit 1; }
	cp build/flink/pyflink-dependencies.jar $@

.PHONY: flink-zip
flink-zip: build/pyflink-dependencies.jar $(VENV)/development.installed ## make build/sentiment-flink.zip for Managed Service for Apache Flink
	$(BIN)/python -m sentiment_minibatch.streaming package --jar $< --out build/sentiment-flink.zip

.PHONY: lambda-zip
lambda-zip: $(VENV)/development.installed ## make build/sentiment-preprocess.zip for Lambda
	$(BIN)/python -m sentiment_minibatch.streaming package-function --out build/sentiment-preprocess.zip

.venv-bench-stream/installed: requirements/sentiment_streaming_bench.txt $(BIN)/uv
	$(BIN)/uv venv --quiet --allow-existing --python $(BIN)/python .venv-bench-stream
	VIRTUAL_ENV=.venv-bench-stream $(BIN)/uv pip install --require-hashes --requirement requirements/sentiment_streaming_bench.txt
	@touch $@

.PHONY: bench-stream
bench-stream: install-streaming build/pyflink-dependencies.jar .venv-bench-stream/installed $(VENV)/development.installed ## measure the Flink job beside its peers, and the live pipeline (BENCH_ARGS="--part engines")
	$(BIN)/python -m benchmarks.stream $(BENCH_ARGS)

.PHONY: test-streaming
test-streaming: install-streaming build/pyflink-dependencies.jar $(VENV)/development.installed ## run the tests of the Flink job (needs a JDK 17 and Maven)
	$(BIN)/pytest -m flink tests/sentiment_minibatch/streaming tests/aws $(PYTEST_ARGS)

# --- check ------------------------------------------------------------------------------------------------------------

.PHONY: test
test: $(VENV)/development.installed ## run the tests, but for the slow ones and those that need an environment of their own
	$(BIN)/pytest -n auto -m "not (slow or flink or images or cluster)" $(PYTEST_ARGS)

.PHONY: test-slow
test-slow: $(VENV)/development.installed ## run the slow tests
	$(BIN)/pytest -n auto -m "slow and not (flink or images or cluster)" $(PYTEST_ARGS)

.PHONY: test-all
test-all: test test-slow test-training test-airflow test-spark test-streaming test-images ## run all the tests, one after the other

.venv-mutants/installed: requirements/mutants.txt $(BIN)/uv
	$(BIN)/uv venv --quiet --clear --python $(BIN)/python .venv-mutants
	VIRTUAL_ENV=.venv-mutants $(BIN)/uv pip install --require-hashes --requirement requirements/mutants.txt
	@touch $@

.PHONY: mutants
mutants: .venv-mutants/installed $(VENV)/development.installed ## change lines of the core, one at a time, and say what no test notices (FILES="common …", MUTANTS=3 of each, or all)
	MUTANTS=$(or $(MUTANTS),3) .venv-mutants/bin/python -m tests.mutants $(FILES)

.PHONY: test-training
test-training: $(TRAINING)/installed $(VENV)/development.installed ## run the tests that need TensorFlow, in .venv-training
	$(TRAINING)/bin/pytest --noconftest -W default -p no:cacheprovider tests/image_classifier/test_training.py
	$(BIN)/pytest tests/image_classifier/test_notebook.py

.PHONY: notebooks
notebooks: $(VENV)/development.installed ## run the notebooks and keep what they show (NOTEBOOKS="recs_batch sentiment_scoring")
	$(BIN)/python -m tests.notebooks $(NOTEBOOKS)

.PHONY: lint
lint: $(VENV)/development.installed ## check style, types, layering, Dockerfiles, shell scripts, YAML and the workflow
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	git ls-files -co --exclude-standard 'docker/*.Dockerfile' | xargs $(BIN)/hadolint
	git ls-files -co --exclude-standard '*.sh' .ci/run | xargs $(BIN)/shellcheck
	git ls-files -co --exclude-standard '*.yaml' '*.yml' | xargs $(BIN)/yamllint --strict
	$(BIN)/zizmor --offline --strict-collection --quiet .github

.PHONY: format
format: $(VENV)/development.installed ## format the code and sort its imports
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

# --- recs_batch, what needs an environment of its own ----------------------------------------------------------------

.venv-%/installed: requirements/recs_batch_%.txt requirements/testing.txt pyproject.toml $(BIN)/uv
	$(PYTHON) -m venv .venv-$*
	VIRTUAL_ENV=.venv-$* $(BIN)/uv pip install --quiet --require-hashes $(addprefix --requirement ,$(filter %.txt,$^))
	VIRTUAL_ENV=.venv-$* $(BIN)/uv pip install --quiet --no-deps --no-build-isolation --editable .
	@touch $@

.PHONY: test-airflow
test-airflow: .venv-airflow/installed ## test the Airflow DAG, with a real run of it, in .venv-airflow
	.venv-airflow/bin/python -m pytest --noconftest -W default tests/recs_batch/test_airflow_dag.py

.PHONY: test-spark
test-spark: .venv-spark/installed ## test the Spark engine on a cluster of local processes, in .venv-spark (needs Java 17)
	.venv-spark/bin/python -m pytest --noconftest -W default tests/recs_batch/test_spark_engine.py

.venv-bench-recs/installed: requirements/recs_batch_bench.txt pyproject.toml $(BIN)/uv
	$(BIN)/uv venv --quiet --allow-existing --python $(BIN)/python .venv-bench-recs
	VIRTUAL_ENV=.venv-bench-recs $(BIN)/uv pip install --require-hashes --requirement requirements/recs_batch_bench.txt
	VIRTUAL_ENV=.venv-bench-recs $(BIN)/uv pip install --quiet --no-deps --no-build-isolation --editable .
	@touch $@

.PHONY: bench-recs
bench-recs: .venv-bench-recs/installed ## measure recs_batch beside its peers, quality and cost (SIZE=small, medium, large or growth), in .venv-bench-recs
	.venv-bench-recs/bin/python benchmarks/recs.py $(SIZE)

.PHONY: bench-recs-serving
bench-recs-serving: $(VENV)/development.installed ## measure the look-up service beside SQLite and Redis (some 6 GB in TMPDIR)
	$(BIN)/python -m benchmarks.recs_serving $(BENCH_ARGS)

.PHONY: bench-recs-families
bench-recs-families: $(VENV)/development.installed ## measure the filters' recall on families of networks
	$(BIN)/python -m benchmarks.recs_robustness

.PHONY: clean
clean: ## remove the environments and all local data
	rm -rf .venv .venv-* var build dist

# --- images, registry, cluster, AWS -------------------------------------------------------------------------------------

OPERATIONS := $(BIN)/python -m operations

.PHONY: images
images: $(VENV)/development.installed ## build the images that a cluster runs (SERVICE=another, TAG=dev, BASE=image@digest, CONTAINER_TOOL=podman)
	$(OPERATIONS) images $(SERVICE) $(if $(TAG),--tag $(TAG)) $(if $(BASE),--base $(BASE))

.PHONY: test-images
test-images: $(VENV)/development.installed ## build every image but the training one and run each for real, hardened
	docker/test-images.sh

build/definitions: tests/cluster/definitions.sh
	$< $@
	@mkdir -p $@ && touch $@

.PHONY: test-cluster
test-cluster: $(VENV)/development.installed build/definitions ## deploy to the cluster that KUBECONFIG names, which has our images, and try it there
	@[ -n "$${KUBECONFIG:-}" ] || { echo 'error: KUBECONFIG names no cluster; the tests deploy to one and take it all away again' >&2; exit 78; }
	$(BIN)/pytest -m cluster --durations 5 tests/cluster $(PYTEST_ARGS)

.PHONY: sbom
sbom: $(VENV)/development.installed ## write what is in each built image to build/sbom (SERVICE=one, TAG=dev)
	PATH="$(BIN):$$PATH" $(OPERATIONS) sbom $(SERVICE) $(if $(TAG),--tag $(TAG))

.PHONY: build-push
build-push: $(VENV)/development.installed ## build this commit and push it to ECR (SERVICE=one, TAG=…, PLATFORM=linux/amd64, ALLOW_DIRTY=1)
	PATH="$(BIN):$$PATH" $(OPERATIONS) build-push $(SERVICE) $(if $(TAG),--tag $(TAG)) $(if $(REGISTRY),--registry $(REGISTRY)) \
	    $(if $(BASE),--base $(BASE)) $(if $(PLATFORM),--platform $(PLATFORM)) $(if $(ALLOW_DIRTY),--allow-dirty)

VALUES_OPTION = $(if $(VALUES),--values $(VALUES))

.PHONY: render
render: $(VENV)/development.installed ## print the manifests of ENV=local|aws|airflow|spark|sign-in
	@$(OPERATIONS) render $(ENV) $(VALUES_OPTION)

.PHONY: deploy-plan
deploy-plan: $(VENV)/development.installed ## say what ENV=aws lacks or would change, and touch nothing (VALUES=…, CONTEXT=…)
	@$(OPERATIONS) deploy-plan $(ENV) $(VALUES_OPTION) $(if $(CONTEXT),--context $(CONTEXT))

.PHONY: deploy
deploy: $(VENV)/development.installed ## apply ENV with the images that build-push pushed, migrations first (VALUES=…, CONTEXT=…)
	$(OPERATIONS) deploy $(ENV) $(VALUES_OPTION) $(if $(CONTEXT),--context $(CONTEXT))

.PHONY: infra-deploy
infra-deploy: $(VENV)/development.installed ## create or update STACK=storage|database|identity|streaming (VALUES=infra/values/aws.yaml)
	$(OPERATIONS) infra-deploy $(STACK) $(VALUES_OPTION) $(addprefix -p ,$(PARAMETERS))

.PHONY: infra-delete
infra-delete: $(VENV)/development.installed ## delete STACK; buckets, the key and a last database snapshot stay
	$(OPERATIONS) infra-delete $(STACK) $(VALUES_OPTION)

.venv-policy/installed: requirements/policy.txt $(BIN)/uv
	$(BIN)/uv venv --quiet --clear .venv-policy
	VIRTUAL_ENV=.venv-policy $(BIN)/uv pip install --require-hashes --requirement requirements/policy.txt
	@touch $@

.PHONY: policy
policy: $(VENV)/development.installed .venv-policy/installed ## check manifests, templates and Dockerfiles with checkov
	@mkdir -p build/policy
	@for overlay in k8s/overlays/*; do kubectl kustomize "$$overlay" > "build/policy/$${overlay##*/}.yaml"; done
	.venv-policy/bin/checkov --config-file .checkov.yaml --directory build/policy --directory infra --directory docker
