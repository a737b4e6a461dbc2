#!/usr/bin/env bash
# Asks repo2docker what it makes of binder/, makes that environment with pip, runs the notebooks in it:
#
#   bash tests/notebooks/binder_env.sh [PYTHON]
#
# PYTHON is an interpreter of the version that binder/runtime.txt names. Needs a package index.
set -euo pipefail
cd "$(dirname "$0")/../.."

version=$(sed 's/^python-//' binder/runtime.txt)
python=${1:-python$version}
"$python" -c "import sys; sys.exit('.'.join(map(str, sys.version_info[:2])) != '$version')" ||
  { echo "Python $version is needed; name one: bash tests/notebooks/binder_env.sh /path/to/python" >&2; exit 1; }

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export PIP_DISABLE_PIP_VERSION_CHECK=1 PATH="$work/env/bin:$PATH"
unset NBAPIMGR_MODE NBAPIMGR_HOME

say() { printf '\n== %s\n' "$*"; }

say "a copy of the repository"
mkdir "$work/repo"
git ls-files -z --cached --others --exclude-standard |
  tar --null --ignore-failed-read -T - -c | tar -x -C "$work/repo"
cd "$work/repo"

say "jupyter-repo2docker --no-build: it needs no Docker"
"$python" -m venv "$work/r2d"
"$work/r2d/bin/python" -m pip install -q jupyter-repo2docker
"$work/r2d/bin/jupyter-repo2docker" --no-build --debug . >"$work/Dockerfile" 2>&1
for line in "python=$version" 'install --no-cache-dir -r "binder/requirements.txt"' \
  'RUN ./binder/postBuild' 'ENV R2D_ENTRYPOINT="${REPO_DIR}/binder/start"'; do
  grep -F -- "$line" "$work/Dockerfile"
done

say "an environment like the one repo2docker starts from"
"$python" -m venv "$work/env"
python -m pip install -q "jupyterlab==4.*" "notebook==7.*" "jupyter_server==2.*" "ipywidgets==8.*"

say "binder/requirements.txt"
python -m pip install -q -r binder/requirements.txt

say "binder/postBuild"
python -m pip freeze >"$work/before"
HOME="$work/home" bash binder/postBuild
python -m pip freeze | grep -v '^nbapimgr ' | diff "$work/before" - ||
  { echo "binder/requirements.txt does not pin what nbapimgr needs" >&2; exit 1; }
python -m pip check
test -s "$work/env/share/jupyter/lab/settings/overrides.json"

say "the notebooks as binder/start leaves them: nbval, strict"
python -m pip install -q -c binder/requirements.txt pytest pytest-asyncio pytest-timeout nbval nbclient
NBAPIMGR_HOME="$work/home" binder/start \
  python -m pytest -c /dev/null --rootdir . -p no:cacheprovider -p no:asyncio -q \
  --nbval --nbval-current-env notebooks

say "the tests of the notebooks: nbval and nbclient, replayed and live"
python -m pytest -p no:cacheprovider -q -m notebook tests/notebooks
