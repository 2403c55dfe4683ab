#!/bin/sh
# "smartload" of a checkout: .venv/bin/smartload is a copy of this file.
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
exec "$here/python" "$here/../../evcc-smartload/rootfs/app/main.py" "$@"
