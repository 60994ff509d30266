#!/bin/sh
# Starts a cluster of Spark's own kind on this machine, for people to try: a master and two workers of one core each, on
# the loopback alone. It stops with this script (Ctrl-C). SPARK_HOME may name Spark's distribution.
#
#     src/spark/standalone.sh [PORT]        by default 7077
set -eu

here=$(cd "$(dirname "$0")" && pwd)
port=${1:-7077}
SPARK_HOME=${SPARK_HOME:-$("$here/home.sh")}
mkdir -p "$here/../../target/spark/standalone"
logs=$(cd "$here/../../target/spark/standalone" && pwd)
export SPARK_HOME SPARK_SCALA_VERSION=2.13 SPARK_LOCAL_IP=127.0.0.1 SPARK_WORKER_DIR="$logs/work"

started=
trap 'kill $started 2>/dev/null' EXIT
trap 'exit 0' INT TERM
start() {
    name=$1
    shift
    : > "$logs/$name.log"       # now, not once the process has started: an earlier cluster's would be read
    "${JAVA_HOME:+$JAVA_HOME/bin/}java" -cp "$SPARK_HOME/jars/*" "$@" > "$logs/$name.log" 2>&1 &
    started="$started $!"
}
start master org.apache.spark.deploy.master.Master --host 127.0.0.1 --port "$port" --webui-port 0
for worker in 1 2; do
    start "worker-$worker" org.apache.spark.deploy.worker.Worker --host 127.0.0.1 --cores 1 --memory 2g --webui-port 0 \
        "spark://127.0.0.1:$port"
done
while [ "$(grep -c "Registering worker" "$logs/master.log")" -lt 2 ]; do
    for process in $started; do
        kill -0 "$process" 2>/dev/null || { cat "$logs"/*.log >&2; exit 1; }
    done
    sleep 1
done
cat <<TEXT
A master and two workers have started; their logs are in $logs. In another shell:

    export SPARK_HOME=$SPARK_HOME SPARK_LOCAL_IP=127.0.0.1
    ./diffusion-classifier evaluate --dataset … --out … --master spark://127.0.0.1:$port
TEXT
wait
