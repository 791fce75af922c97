#!/usr/bin/env bash
# Chromium and its driver, for the tests that open the pages: taken as they are, or installed as root with apt-get.
set -euo pipefail

if command -v chromium >/dev/null && command -v chromedriver >/dev/null; then
  exit 0
fi
if [ "$(id -u)" -ne 0 ] || ! command -v apt-get >/dev/null; then
  echo "no chromium with chromedriver here, and no way to install them (needs root and apt-get):" \
    "the tests that open the pages are skipped" >&2
  exit 0
fi
export DEBIAN_FRONTEND=noninteractive
if ! { apt-get update -qq && apt-get install -qq -y --no-install-recommends chromium chromium-driver; } >/dev/null; then
  echo "chromium and chromium-driver could not be installed with apt-get; see above" >&2
  exit 1
fi
