#!/usr/bin/env bash
# Resolve requirements/*.txt: plain hashed pins for every Python >= 3.11, with no index address and no torch inside.
# Arguments go to uv, such as --upgrade.
set -euo pipefail
cd "$(dirname "$0")/.."

compile() {
  local target=$1
  shift
  uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header \
    --no-emit-index-url --no-emit-find-links --no-annotate --output-file "requirements/$target.txt" "$@"
  echo "requirements/$target.txt: $(grep -c == "requirements/$target.txt") packages"
}

compile uv requirements/uv.in "$@"
compile test pyproject.toml requirements/build.in requirements/torch.in \
  --extra server --extra postgres --extra numba --extra png --extra reference --extra dev "$@"
# The other two are subsets of the test lock: one version of everything, whatever is installed first.
compile run pyproject.toml requirements/build.in --extra server --constraint requirements/test.txt "$@"
compile torch requirements/torch.in --constraint requirements/test.txt "$@"
# References that ask for torch, without what they ask for: the environment has it by then.
compile reference requirements/reference.in --no-deps "$@"

# What the cubes' images install: wheels for the Python and the system of their base image.
for folder in mlcubes/*/; do
  uv pip compile --quiet --python-version 3.11 --python-platform x86_64-manylinux_2_28 --generate-hashes --no-header \
    --no-emit-index-url --no-emit-find-links --no-annotate --constraint requirements/test.txt \
    --output-file "${folder}requirements.txt" "${folder}requirements.in" "$@"
  echo "${folder}requirements.txt: $(grep -c == "${folder}requirements.txt") packages"
done
