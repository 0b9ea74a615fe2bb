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

# Packages of the system that a step needs, by their Debian names.
packages() {
    dpkg -s "$@" >/dev/null 2>&1 && return
    say "installing $*"
    local as_root=
    [[ $EUID == 0 ]] || as_root=sudo
    $as_root apt-get update -q
    DEBIAN_FRONTEND=noninteractive $as_root apt-get install -yq --no-install-recommends "$@"
}

# A crate with cache-core as its one dependency, whose programs deny all warnings, clippy's pedantic ones too.
fresh=$target/fresh
fresh_crate() {
    rm -rf "$fresh"
    mkdir -p "$fresh/src"
    cat >"$fresh/Cargo.toml" <<TOML
[package]
name = "fresh"
version = "0.0.0"
edition = "2024"

[dependencies]
cache-core = { path = "$PWD/cache-core" }

[workspace]
TOML
    # The dependencies are built as they are here, which has then been done already.
    sed -n '/^\[profile.dev/,/^$/p' Cargo.toml >>"$fresh/Cargo.toml"
    cp -r tests/ui/pass "$fresh/src/bin"
    # The same versions as here.
    cp Cargo.lock "$fresh/"
}
fresh_cargo() { CARGO_TARGET_DIR=$target cargo "$@" --manifest-path "$fresh/Cargo.toml"; }

# The fuzz targets, each as long as the arguments say.
fuzz() {
    say "the fuzz targets, $*"
    # What `cargo fuzz` tells the compiler, but for the address sanitizer, which takes a nightly one.
    local host name file
    host=$(rustc -vV | sed -n 's/^host: //p')
    CARGO_TARGET_DIR=$target/fuzz RUSTFLAGS="--cfg fuzzing -C debug-assertions -C codegen-units=1 -C passes=sancov-module \
        -C llvm-args=-sanitizer-coverage-level=4 -C llvm-args=-sanitizer-coverage-inline-8bit-counters \
        -C llvm-args=-sanitizer-coverage-pc-table -C llvm-args=-sanitizer-coverage-trace-compares" \
        cargo build --release --locked --manifest-path fuzz/Cargo.toml --target "$host"
    for file in fuzz/fuzz_targets/*.rs; do
        name=$(basename "$file" .rs)
        mkdir -p "$target/fuzz/$name"
        if ! "$target/fuzz/$host/release/$name" "$@" -timeout=60 \
            -artifact_prefix="$target/fuzz/$name-" "$target/fuzz/$name" >"$target/fuzz/$name.log" 2>&1; then
            tail -n 50 "$target/fuzz/$name.log" >&2
            exit 1
        fi
        echo "$name: $(tail -n 1 "$target/fuzz/$name.log")"
    done
    done_with "$target/fuzz"
}
