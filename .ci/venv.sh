# Finds a Python and makes a virtual environment; sourced by ./demo, ./check and .ci/run.
# Works with the bash 3.2 of macOS.

# find_python: prints the first Python that is new enough and can make a virtual environment.
find_python() {
  local candidate found=""
  for candidate in ${PERFSTRESS_PYTHON:-} python3 python3.14 python3.13 python3.12 python3.11 python; do
    command -v "$candidate" >/dev/null 2>&1 || continue
    "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || continue
    found=$candidate
    if "$candidate" -c 'import ensurepip, venv' 2>/dev/null; then
      command -v "$candidate"
      return 0
    fi
  done
  if [ -n "$found" ]; then
    echo "$found is new enough but cannot make virtual environments: its venv module is missing." >&2
    echo "  hint: sudo apt install python3-venv   (Debian, Ubuntu), then run this again" >&2
  else
    echo "Python 3.11 or newer is needed, and none was found on the PATH." >&2
    echo "  hint: sudo apt install python3 python3-venv   (Debian 12, Ubuntu 24.04 or newer)" >&2
    echo "        brew install python@3.13                (macOS)" >&2
    echo "        or set PERFSTRESS_PYTHON to the one to use" >&2
  fi
  return 1
}

# make_venv FOLDER WHAT COMMAND...: an environment in FOLDER in which COMMAND (a pip install) has
# been done; done again only after pyproject.toml or the folder's Python changed.
make_venv() {
  local folder=$1 what=$2 python stamp
  shift 2
  python=$(find_python) || return 1
  stamp="$("$python" -V) $(cksum < pyproject.toml) $*"
  if [ -x "$folder/bin/python" ] && [ "$(cat "$folder/.$what" 2>/dev/null)" = "$stamp" ]; then
    return 0
  fi
  echo "setting up $folder ($("$python" -V)) ..."
  if ! "$folder/bin/python" -c 'import pip' 2>/dev/null; then
    rm -rf "$folder" && "$python" -m venv "$folder" || return 1
  fi
  # Dependency groups need pip 25.1. The stamp is written last, so that what failed is done again.
  "$folder/bin/python" -m pip install --quiet --disable-pip-version-check --upgrade 'pip>=25.1' &&
    "$folder/bin/python" -m pip install --quiet "$@" &&
    echo "$stamp" > "$folder/.$what"
}
