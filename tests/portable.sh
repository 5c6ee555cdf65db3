#!/usr/bin/env bash
# Every bit of the first samples of all presets, on other machines than this one: without
# AVX-512, without fused multiply-adds, with another C library, on another architecture.
#
#   tests/portable.sh         # x86-64 or aarch64 Linux
#
# Needs qemu-user, Rust's targets for musl (rustup target add x86_64-unknown-linux-musl
# aarch64-unknown-linux-musl), and a C compiler for them (Debian: gcc-aarch64-linux-gnu).
#
# Emulated processors do what real ones do to the bit: they round as IEEE 754 says. Code is made
# with little optimisation for the foreign targets, which saves time and shows that bits do not
# depend on that either. Exit code 0 if all that could be tried agrees, with a line "skipped: ..."
# for what could not; 1 on failure.
set -euo pipefail
cd "$(dirname "$0")/.."

skip() { printf 'skipped: %s\n' "$1"; }
emulator() { command -v "qemu-$1-static" || command -v "qemu-$1" || true; }
failed=0

# Runs the pinned samples, as: run NAME COMMAND...
run() {
    local name=$1 output
    shift
    if output=$(cd crates/gisaxs-sim && "$@" --quiet 2>&1); then
        printf 'same bits: %s\n' "$name"
    else
        printf 'FAILED: %s\n%s\n' "$name" "$output" >&2
        failed=1
    fi
}

# The test for a target, as the path of its program.
build() {
    cargo test --release -p gisaxs-sim --features dataset --test portable --no-run \
        --message-format=json "$@" 2>/dev/null |
        sed -n 's/.*"executable":"\([^"]*\/portable-[^"]*\)".*/\1/p' | tail -n 1
}

native=$(build)
[ -n "$native" ] || { printf 'FAILED: the test cannot be built\n' >&2; exit 1; }
run "this machine, $(uname -m)" "$native"

if [ "$(uname -m)" = x86_64 ]; then
    qemu=$(emulator x86_64)
    if [ -n "$qemu" ]; then
        run 'AVX2 and FMA, no AVX-512 (Haswell)' "$qemu" -cpu Haswell "$native"
        run 'SSE, no FMA (Nehalem)' "$qemu" -cpu Nehalem "$native"
    else
        skip 'older x86-64 processors: no qemu-x86_64 (Debian: qemu-user-static)'
    fi
fi

export CARGO_PROFILE_RELEASE_OPT_LEVEL=1
export CARGO_TARGET_AARCH64_UNKNOWN_LINUX_MUSL_LINKER=rust-lld
# A development dependency has a file in C.
export CC_x86_64_unknown_linux_musl=${CC_x86_64_unknown_linux_musl:-cc}
export CC_aarch64_unknown_linux_musl=${CC_aarch64_unknown_linux_musl:-aarch64-linux-gnu-gcc}
for architecture in x86_64 aarch64; do
    target=$architecture-unknown-linux-musl
    libraries=$(rustc --print target-libdir --target "$target" 2>/dev/null || true)
    runner=()
    if [ "$architecture" != "$(uname -m)" ]; then
        runner=("$(emulator "$architecture")")
        [ -n "${runner[0]}" ] || { skip "$target: no qemu-$architecture"; continue; }
    fi
    if ! compgen -G "$libraries/libstd-*" >/dev/null; then
        skip "$target: not installed (rustup target add $target)"
        continue
    fi
    program=$(build --target "$target")
    if [ -n "$program" ]; then
        run "musl's C library, $architecture" "${runner[@]}" "$program"
    else
        skip "$target: cannot be built"
    fi
done
exit "$failed"
