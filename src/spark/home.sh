#!/bin/sh
# Makes a folder that serves as SPARK_HOME, of Spark's jars as Maven has them: for the tests, and for those who want to
# try a cluster without Spark's distribution. Run it after `mvn -q package -DskipTests`.
#
#     src/spark/home.sh [FOLDER]        by default target/spark/home
set -eu

target=$(cd "$(dirname "$0")/../.." && pwd)/target/spark
home=${1:-$target/home}
[ -f "$target/spark-jars.txt" ] || { echo "$0: no $target/spark-jars.txt: build first" >&2; exit 2; }

rm -rf "$home/jars" "$home/work"         # the latter has a copy of the application for each executor that there was
mkdir -p "$home/jars" "$home/bin"
tr ':' '\n' < "$target/spark-jars.txt" | xargs -I '{}' ln -sf '{}' "$home/jars/"
echo "Spark, as Maven has it" > "$home/RELEASE"        # tells Spark that it is installed, not a checkout
cat > "$home/bin/spark-submit" <<'SUBMIT'
#!/bin/sh
# Starts an application, as the spark-submit of the distribution.
SPARK_HOME=$(cd "$(dirname "$0")/.." && pwd)
export SPARK_HOME SPARK_SCALA_VERSION=2.13
exec "${JAVA_HOME:+$JAVA_HOME/bin/}java" ${SPARK_SUBMIT_OPTS:-} -cp "$SPARK_HOME/jars/*" \
    org.apache.spark.deploy.SparkSubmit "$@"
SUBMIT
chmod +x "$home/bin/spark-submit"
echo "$home"
