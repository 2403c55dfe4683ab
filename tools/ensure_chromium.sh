#!/bin/sh
# The browser tests drive a Chromium that is installed on the machine. Finds it, or installs
# Debian's when that is possible, or says what to do.
set -eu

for name in chromium chromium-browser google-chrome google-chrome-stable; do
  if command -v "${name}" > /dev/null; then
    exit 0
  fi
done

if [ "$(id -u)" -eq 0 ] && command -v apt-get > /dev/null; then
  echo "==> Installing Chromium for the browser tests"
  apt-get update -qq
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends \
    chromium fonts-dejavu-core > /dev/null
  exit 0
fi

echo "The browser tests need Chromium, and none was found." >&2
echo "Install it (Debian, Ubuntu: sudo apt install chromium) and run this again." >&2
exit 1
