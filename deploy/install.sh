#!/bin/sh
# Installs the service into ROOT, as it lies in the image: exact versions, nothing but wheels, byte code made
# beforehand (nothing can be written when it runs). The Dockerfile runs this, and so do the tests.
#
#   sh deploy/install.sh ROOT [PYTHON] [PYTHON WITH PIP]
set -eu
root=$1
python=${2:-python3}
installer=${3:-$python}
source=$(cd "$(dirname "$0")/.." && pwd)

install() {
  "$installer" -m pip --python "$root/bin/python" install --quiet --disable-pip-version-check \
    --no-cache-dir --no-compile --no-deps "$@"
}

"$python" -m venv --without-pip "$root"
install --only-binary=:all: --requirement "$source/deploy/requirements.lock"
install "$source"
"$root/bin/python" -m compileall -q -j 0 "$root/lib"
"$root/bin/hull-planhat" --version
