#!/bin/sh
# Installs the service into ROOT, as it lies in the image: exact versions with their hashes, nothing but wheels, the core compiled,
# byte code made beforehand (nothing can be written when it runs). The Dockerfile runs this, and so do the tests.
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

# What builds is not what runs: it lies in an environment of its own, and is gone when this is done.
tools=$(mktemp -d)
trap 'rm -rf "$tools"' EXIT
"$installer" -m venv "$tools"
"$tools/bin/python" -m pip install --quiet --disable-pip-version-check --no-cache-dir --only-binary=:all: \
  --require-hashes --requirement "$source/deploy/compiled.lock"

# The package itself, built by what is locked: pip's own environment for that would check no hashes.
build() {
  "$tools/bin/python" -m pip wheel --quiet --disable-pip-version-check --no-cache-dir --no-build-isolation \
    --no-deps --wheel-dir "$tools/wheel" "$source"
}

# The core as machine code, beside its sources. Without it all is the same, and slower.
compile_core() {
  if ! command -v cc >/dev/null; then
    echo "not compiled: no C compiler (Debian: gcc libc6-dev)" >&2
  elif [ "$(binary "$installer")" != "$(binary "$root/bin/python")" ]; then
    echo "not compiled: $installer and $python are different Pythons" >&2
  else
    "$tools/bin/python" "$source/deploy/compiled.py" "$(packages)" "$root/bin/python"
  fi
}

# For which Python a compiled module is.
binary() {
  "$1" -c 'import sysconfig; print(sysconfig.get_config_var("EXT_SUFFIX"))'
}

packages() {
  "$root/bin/python" -c 'import sysconfig; print(sysconfig.get_path("purelib"))'
}

"$python" -m venv --without-pip "$root"
install --only-binary=:all: --require-hashes --requirement "$source/deploy/requirements.lock"
build
install "$tools"/wheel/*.whl
compile_core
"$root/bin/python" -m compileall -q -j 0 "$root/lib"
"$root/bin/hull-planhat" --version
