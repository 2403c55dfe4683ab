#!/bin/sh
# The tests of the import from InfluxDB run a real one. Finds the program of InfluxDB 1.x, or
# installs Debian's when that is possible, or says what to do. The tests start and stop it
# themselves; no service has to run.
set -eu

if command -v influxd > /dev/null && influxd version | grep --quiet "InfluxDB v1\."; then
  exit 0
fi

if [ "$(id -u)" -eq 0 ] && command -v apt-get > /dev/null; then
  echo "==> Installing InfluxDB for the tests of its import"
  apt-get update -qq
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends influxdb > /dev/null
  exit 0
fi

echo "The tests of the import from InfluxDB need influxd (InfluxDB 1.x), and none was found." >&2
echo "Install it (Debian, Ubuntu: sudo apt install influxdb) and run this again." >&2
exit 1
