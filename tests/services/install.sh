#!/bin/sh
# Install what the service tests need and is missing: the Debian packages named as arguments, a
# Java for Apache Kafka, and the jars of kafka-jars.txt from Maven Central, into build/kafka.
command -v java >/dev/null || set -- "$@" default-jre-headless
command -v curl >/dev/null || set -- "$@" curl ca-certificates
missing=""
for package in "$@"; do
    dpkg -s "$package" >/dev/null 2>&1 || missing="$missing $package"
done
if [ -n "$missing" ]; then
    echo "installing:$missing"
    as_root=""
    [ "$(id -u)" = 0 ] || as_root="sudo"
    $as_root apt-get update -qq && DEBIAN_FRONTEND=noninteractive $as_root apt-get install -y -qq --no-install-recommends $missing >/dev/null || exit 1
fi

jars="$(cd "$(dirname "$0")" && pwd)/kafka-jars.txt"
mkdir -p build/kafka && cd build/kafka || exit 1
sha256sum --check --status "$jars" 2>/dev/null && exit 0
echo "fetching Apache Kafka"
cut -d " " -f 3 "$jars" | xargs -P 4 -I PATH curl -fsS --retry 3 --create-dirs -o PATH https://repo1.maven.org/maven2/PATH
sha256sum --check --quiet "$jars"
