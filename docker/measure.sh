#!/usr/bin/env bash
# Prints what each job and service takes at its peak, the figures behind the requests and limits in k8s/. Needs the images
# (`make images`) and, for sentiment, DATABASE_URL of a PostgreSQL with some scores in it.
set -euo pipefail
tool=${CONTAINER_TOOL:-$(docker version >/dev/null 2>&1 && echo docker || echo podman)}
run=("$tool" run --rm --no-healthcheck --read-only --tmpfs /tmp --cap-drop ALL --user 12345 --network host)
data=$(mktemp -d)
chmod 777 "$data"
trap 'rm -rf "$data"' EXIT

job() { # job IMAGE MODULE ARGUMENT…: peak resident memory and CPU time of a job
    local image=$1 module=$2
    shift 2
    "${run[@]}" --volume "$data:/store" --env DATABASE_URL --env TABLES_URI=/store/tables --env WORK_URI=/store/work \
        --env STORE_URI=/store --entrypoint python "$image" -c '
import resource, subprocess, sys
subprocess.run([sys.executable, "-m", *sys.argv[1:]], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
used = resource.getrusage(resource.RUSAGE_CHILDREN)
print(f"{used.ru_maxrss // 1024:6} MiB {used.ru_utime + used.ru_stime:7.1f} CPU s  {sys.argv[1:]}")' "$module" "$@"
}

service() { # service IMAGE PORT PATH ARGUMENT…: peak resident memory of all its processes after 200 requests
    local image=$1 port=$2 path=$3 container
    shift 3
    container=$("${run[@]}" --detach --env DATABASE_URL "$image" "$@" --port "$port")
    python3 - "http://127.0.0.1:$port$path" "$data/picture" <<'PYTHON'
import sys, time, urllib.request
url, picture = sys.argv[1:]
body = open(picture, "rb").read() if url.endswith("/predict") else None
answered = 0
while answered < 200:
    try:
        urllib.request.urlopen(urllib.request.Request(url, body, {"Content-Type": "image/png"}), timeout=30).read()
        answered += 1
    except ConnectionError:
        time.sleep(0.2)
    except OSError:
        time.sleep(0.2)
PYTHON
    "$tool" exec "$container" python -c '
import glob, re
peaks = [re.search(r"VmHWM:\s+(\d+)", open(f).read()) for f in glob.glob("/proc/[0-9]*/status")]
print(f"{sum(int(peak[1]) for peak in peaks if peak) // 1024:6} MiB                '"$image"' after 200 requests")'
    "$tool" stop "$container" >/dev/null
}

"${run[@]}" --volume "$data:/store" image-classifier:dev generate --out /store/pictures --count 10 >/dev/null 2>&1
cp "$data"/pictures/val/chart/00000.png "$data/picture"
service image-classifier:dev 18080 /predict serve --workers 2
job recs-batch:dev recs_batch generate --out /store/tables
job recs-batch:dev recs_batch run --date 2026-10-31
[ -n "${DATABASE_URL:-}" ] || exit 0
job sentiment-minibatch:dev sentiment_minibatch migrate
job sentiment-minibatch:dev sentiment_minibatch aggregate
service sentiment-minibatch:dev 18081 /api/v1/index serve
