# Sourced by `.ci/run` and `tests/run`: how steps are announced, and what they leave behind.

# Where cargo builds. Steps that need other flags or another compiler build in folders within.
target=${CARGO_TARGET_DIR:-$PWD/target}
export STEPS_BEGAN=${STEPS_BEGAN:-$(date +%s)}

# Announces a step, with the seconds since the first and what is on disk by now.
say() {
    local size=0
    [[ -d $target ]] && size=$(du -sh "$target" 2>/dev/null | cut -f1)
    printf '\n== [%s s, %s] %s\n' "$(($(date +%s) - STEPS_BEGAN))" "$size" "$*"
}

# Folders that no later step looks at. Elsewhere than in CI they make the next run faster.
done_with() { [[ -z ${CI-} ]] || rm -rf "$@"; }

# A tool of cargo's, of one version, by its own sources.
tool() {
    local name=$1 version=$2
    [[ $(cargo "${name#cargo-}" --version 2>/dev/null) == *"$version"* ]] ||
        # Built sooner, and fast enough.
        CARGO_PROFILE_RELEASE_LTO=off CARGO_PROFILE_RELEASE_OPT_LEVEL=1 cargo install --quiet --locked "$name@$version"
}

# Installed a moment ago, or by another shell.
if ! command -v cargo >/dev/null && [[ -f ${CARGO_HOME:-$HOME/.cargo}/env ]]; then
    # shellcheck disable=SC1091
    . "${CARGO_HOME:-$HOME/.cargo}/env"
fi
