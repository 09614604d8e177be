#!/bin/sh
# Puts together all that the service needs to run, and nothing else: no shell, no pip, no package manager.
# What is installed (deploy/install.sh) stays where it lies; Python and the libraries come to it from this system.
#
#   sh deploy/rootfs.sh ROOTFS INSTALLED
set -eu
rootfs=$1
installed=$2

ask() {
  "$installed/bin/python" -c "import os, ssl, sys, sysconfig; print($1)"
}

# A file at its own place, with the links that lead to it.
put() {
  [ ! -e "$rootfs$1" ] || return 0
  mkdir -p "$rootfs$(dirname "$1")"
  if [ -L "$1" ]; then
    target=$(readlink "$1")
    case $target in /*) ;; *) target=$(dirname "$1")/$target ;; esac
    cp -P "$1" "$rootfs$1"
    put "$(realpath -s "$target")"
  else
    cp -p "$1" "$rootfs$1"
  fi
}

# The folders that are links on this system (`/lib` to `/usr/lib`) are links there too.
mkdir -p "$rootfs/usr" "$rootfs/etc/ssl/certs" "$rootfs/tmp"
for folder in /lib /lib64; do
  if [ -L "$folder" ]; then
    mkdir -p "$rootfs$(realpath "$folder")"
    cp -P "$folder" "$rootfs$folder"
  fi
done

mkdir -p "$rootfs$(dirname "$installed")"
cp -a "$installed" "$rootfs$installed"

# Python itself, without what installs and what only developers use.
stdlib=$(ask 'sysconfig.get_path("stdlib")')
mkdir -p "$rootfs$stdlib"
(cd "$stdlib" && tar -c --exclude=./ensurepip --exclude=./venv --exclude=./test --exclude=./idlelib --exclude=./tkinter \
  --exclude=./turtledemo --exclude=./lib2to3 --exclude=./pydoc_data --exclude='./config-*' --exclude=./site-packages \
  --exclude=./dist-packages .) | tar -x -C "$rootfs$stdlib"
python=$(realpath "$installed/bin/python")
put "$python"
for link in "$installed"/bin/python*; do
  target=$(readlink "$link")
  case $target in /*) put "$target" ;; esac
done

# The libraries of Python, of its modules and of ours.
find "$python" "$rootfs$stdlib" "$installed" -type f \( -name '*.so' -o -name '*.so.*' -o -path "$python" \) |
  while read -r file; do ldd "$file" 2>/dev/null || true; done |
  sed -n 's/.*\(=> \|^\s*\)\(\/[^ ]*\) (0x.*/\2/p' | sort -u |
  while read -r library; do
    case $library in "$installed"/*|"$rootfs"/*) ;; *) put "$library" ;; esac
  done

# What the C library opens by itself: an index of its folders, and how a thread ends.
for one in /etc/ld.so.cache "$(dirname "$(realpath "$(ldd "$python" | sed -n 's/.*=> \(.*libc\.so[^ ]*\) .*/\1/p')")")/libgcc_s.so.1"; do
  [ ! -e "$one" ] || put "$one"
done

# Who we are, how names are looked up, and whom we trust.
echo 'hull-planhat:x:65532:65532::/:/nonexistent' > "$rootfs/etc/passwd"
echo 'hull-planhat:x:65532:' > "$rootfs/etc/group"
echo 'hosts: files dns' > "$rootfs/etc/nsswitch.conf"
authorities=$(ask 'ssl.get_default_verify_paths().openssl_cafile')
mkdir -p "$rootfs$(dirname "$authorities")"
cp -L /etc/ssl/certs/ca-certificates.crt "$rootfs/etc/ssl/certs/ca-certificates.crt"
[ -e "$rootfs$authorities" ] || ln -s /etc/ssl/certs/ca-certificates.crt "$rootfs$authorities"
chmod 1777 "$rootfs/tmp"
