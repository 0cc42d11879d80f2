#!/usr/bin/env bash
# Make sure that the engine has the image on which every Dockerfile here builds. One that is there is kept; else it is
# pulled; else it is made from this machine's own Debian sources (as root, with mmdebstrap): Debian's CPython 3.11 and
# pip and nothing else. Two runs over the same packages give the same layer.
#
#   make-base-image.sh [--make] [--tag TAG]     --make: neither keep nor pull
set -euo pipefail

TAG=python:3.11-slim-bookworm
SUITE=bookworm
MAKE=
while [ $# -gt 0 ]; do
  case $1 in
    --make) MAKE=yes ;;
    --tag) TAG=$2; shift ;;
    *) echo "usage: $0 [--make] [--tag TAG]" >&2; exit 2 ;;
  esac
  shift
done

fail() { echo "error: $1" >&2; echo "hint: $2" >&2; exit 1; }

docker version >/dev/null 2>&1 || fail "no container engine answers" "Start Docker, or set DOCKER_HOST."
if [ -z "$MAKE" ]; then
  if docker image inspect "$TAG" >/dev/null 2>&1; then echo "$TAG is there already"; exit 0; fi
  if timeout 300 docker pull --quiet "$TAG" 2>/dev/null; then exit 0; fi
  echo "$TAG cannot be pulled here; making it"
fi
[ "$(id -u)" = 0 ] || fail "making a root file system needs root" "Run it as root, or pull $TAG."
command -v mmdebstrap >/dev/null || fail "mmdebstrap is not installed" "apt-get install mmdebstrap"

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# What apt itself says of this machine's sources, whichever way they are written down.
apt-get indextargets --format '$(REPO_URI) $(RELEASE) $(COMPONENT)' 'Created-By: Packages' \
  | awk -v suite="$SUITE" '$2 ~ "^" suite "(-security|-updates)?$" && $3 == "main" { print "deb", $1, $2, $3 }' \
  | sort -u > "$work/sources.list"
[ -s "$work/sources.list" ] || fail "apt knows no source for $SUITE here" "Run apt-get update, on Debian 12."

export SOURCE_DATE_EPOCH=1700000000
# Documentation and translations stay out; so do this machine's apt sources and name, which are nobody's business.
mmdebstrap --quiet --variant=apt --format=tar \
  --include=python3,python3-pip,ca-certificates,netbase,tzdata \
  --dpkgopt='path-exclude=/usr/share/doc/*' --dpkgopt='path-include=/usr/share/doc/*/copyright' \
  --dpkgopt='path-exclude=/usr/share/man/*' --dpkgopt='path-exclude=/usr/share/locale/*' \
  --customize-hook='rm -f "$1"/usr/lib/python3*/EXTERNALLY-MANAGED "$1"/etc/hostname "$1"/etc/resolv.conf' \
  --customize-hook='ln -s /usr/bin/python3 "$1"/usr/local/bin/python' \
  --customize-hook='rm -rf "$1"/etc/apt/sources.list "$1"/etc/apt/sources.list.d/* "$1"/var/lib/apt/lists/*' \
  --customize-hook='rm -rf "$1"/var/cache/apt/*.bin "$1"/var/log/* "$1"/var/cache/ldconfig/*' \
  "$SUITE" "$work/root.tar" "$work/sources.list"

docker import \
  --change 'ENV PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin' --change 'ENV LANG=C.UTF-8' \
  --change 'CMD ["python3"]' --change "LABEL org.medeval.base-image=$(sha256sum "$0" | cut -c1-12)" \
  "$work/root.tar" "$TAG" >/dev/null
docker image inspect --format "$TAG: {{.Id}}, layer {{index .RootFS.Layers 0}}, {{.Size}} bytes" "$TAG"
