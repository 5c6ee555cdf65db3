#!/usr/bin/env bash
# A dataset built by a real Slurm: one node, started and stopped here.
#
#   tests/slurm.sh            # needs root; installs slurm-wlm (Debian, Ubuntu) if it is missing
#
# Exit code 0 if all is well, and, with a line "skipped: ...", where Slurm cannot be had; 1 on
# failure. Nothing of a Slurm that is already running is touched: daemons get ports, folders and
# a configuration of their own, and only the processes started here are ended.
set -euo pipefail
cd "$(dirname "$0")/.."

skip() {
    printf 'skipped: %s\n' "$1"
    exit 0
}
fail() {
    printf 'FAILED: %s\n' "$1" >&2
    for log in "$work"/*.log "$work"/data*/slurm/log/* "$work/trace"; do
        [ -s "$log" ] && { printf -- '--- %s\n' "$log"; tail -n 25 "$log"; } >&2
    done
    exit 1
}

[ "$(id -u)" = 0 ] || skip 'not root, and slurmd has to be'
if ! command -v slurmctld >/dev/null || ! command -v slurmd >/dev/null; then
    command -v apt-get >/dev/null || skip 'no slurmctld and no apt-get'
    export DEBIAN_FRONTEND=noninteractive
    { apt-get update && apt-get install -y --no-install-recommends slurm-wlm; } >/dev/null 2>&1 ||
        skip 'slurm-wlm cannot be installed'
fi

target=${CARGO_TARGET_DIR:-target}
[ -n "${XTASK:-}" ] || cargo build --quiet --release -p xtask
xtask=$(realpath "${XTASK:-$target/release/xtask}")

work=$(mktemp -d)
pids=()
stop() {
    for pid in "${pids[@]}"; do kill "$pid" 2>/dev/null || true; done
    for pid in "${pids[@]}"; do wait "$pid" 2>/dev/null || true; done
    rm -rf "$work"
}
trap stop EXIT

host=$(hostname -s 2>/dev/null || cat /proc/sys/kernel/hostname)
cores=$(nproc)
export SLURM_CONF=$work/slurm.conf
mkdir -p "$work/state" "$work/spool"
# No munge, no cgroups, no accounting: the smallest Slurm that queues. MaxArraySize is small so
# that a job of ten tasks takes several windows.
cat >"$SLURM_CONF" <<CONF
ClusterName=gisaxs
SlurmctldHost=$host(127.0.0.1)
SlurmctldPort=16817
SlurmdPort=16818
SlurmUser=root
AuthType=auth/none
CredType=cred/none
ProctrackType=proctrack/pgid
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory
MpiDefault=none
ReturnToService=2
StateSaveLocation=$work/state
SlurmdSpoolDir=$work/spool
SlurmctldPidFile=$work/slurmctld.pid
SlurmdPidFile=$work/slurmd.pid
SlurmctldLogFile=$work/slurmctld.log
SlurmdLogFile=$work/slurmd.log
MaxArraySize=4
NodeName=$host NodeAddr=127.0.0.1 CPUs=$cores RealMemory=1000 State=UNKNOWN
PartitionName=short Nodes=$host Default=YES MaxTime=00:20:00 State=UP
CONF
slurmctld -D -f "$SLURM_CONF" >"$work/ctld.out.log" 2>&1 &
pids+=($!)
slurmd -D -f "$SLURM_CONF" >"$work/slurmd.out.log" 2>&1 &
pids+=($!)

for _ in $(seq 60); do
    state=$(sinfo --noheader --format %T 2>/dev/null | head -n 1 || true)
    [ "$state" = idle ] && break
    for pid in "${pids[@]}"; do
        kill -0 "$pid" 2>/dev/null || {
            tail -n 5 "$work"/*.log >&2
            skip 'a Slurm daemon does not start here (see above)'
        }
    done
    sleep 1
done
[ "$state" = idle ] || skip "the node does not come up (state ${state:-unknown})"
printf 'slurm %s is up\n' "$(sinfo --version)"

cat >"$work/config.toml" <<'CONF'
[dataset]
name = "slurm"
contents = "frame"
design = "sobol"
samples_per_setup = 2
shard_samples = 2
[setup]
distance_mm = 2000.0
min_window = 0.1
beam_row = 1.0
detectors = [{ name = "crop", weight = 1.0, pixel_mm = 0.688, layout = { module = [48, 64], gap = [0, 0], modules = [1, 1] } }]
CONF
plan() { "$xtask" --quiet dataset plan --config "$work/config.toml" --samples 20 --seed 3 --probe 0 --out "$1"; }
settle() {
    for _ in $(seq 180); do
        [ -z "$(squeue --noheader)" ] && return
        sleep 1
    done
    squeue >&2
    fail "jobs are still there after 180 s"
}

# What the jobs run: xtask, with a note of when it starts and ends, and, while the file `trip` holds
# a range of shards, killed in the middle of it.
cat >"$work/program" <<PROGRAM
#!/usr/bin/env bash
trace() { echo "\$(date +%s.%N) \$1 \$what" >>"$work/trace"; }
what=\$(grep -oE 'merge|verify|[0-9]+\.\.[0-9]+' <<<"\$*" | tail -n 1)
trace start
sleep 0.3
if [ "\$what" = "\$(cat "$work/trip" 2>/dev/null)" ]; then
    "$xtask" "\$@" & sleep 0.01; kill -9 \$!
    trace killed
    exit 137
fi
code=0
"$xtask" "\$@" || code=\$?
trace end
exit \$code
PROGRAM
chmod +x "$work/program"

# A place that needs quoting.
data="$work/data of 'slurm'"
submit() {
    rm -f "$work/trace"
    "$xtask" dataset slurm "$data" --program "$work/program" --partition short --time 00:05:00 \
        --memory 200M --throttle 1 --cpus 1 --submit "$@"
}
job() { scontrol show job "$1"; }
expect() { # text, what is in it, what it is about
    grep -qF -- "$2" <<<"$1" || fail "$3: no $2 in: $1"
}

plan "$work/local"
"$xtask" --quiet dataset run "$work/local"
plan "$data"

# Slurm's own word where it refuses, and nothing is queued.
code=0
"$xtask" dataset slurm "$data" --partition nowhere --submit 2>"$work/refused.log" || code=$?
[ "$code" = 1 ] && grep -q 'sbatch .*nowhere' "$work/refused.log" || fail 'a partition that does not exist'
[ -z "$(squeue --noheader)" ] || fail 'jobs of a refused submission'
printf 'ok: a refused submission is an error\n'

# Ten shards in arrays of at most four tasks; one task is killed on the way.
echo 5..6 >"$work/trip"
submitted=$(submit)
expect "$submitted" '10 shards missing' 'submission'
jobs=($(grep -oE 'job [0-9]+' <<<"$submitted" | cut -d ' ' -f 2))
[ "${#jobs[@]}" = 4 ] || fail "not three windows of four tasks and a last job: $submitted"
waiting=$(job "${jobs[3]}")
for array in "${jobs[@]:0:3}"; do expect "$waiting" "afterany:$array" 'the last job'; done
for part in Partition=short TimeLimit=00:05:00 MinMemoryNode=200M ArrayTaskThrottle=1 Requeue=1 NumCPUs=1; do
    expect "$(job "${jobs[0]}")" "$part" 'the first array'
done
settle
awk '
    $2 != "start" { running--; next }
    ++running > 1 { print $3 ": two tasks at a time"; exit 1 }
    { last = $3; if ($3 ~ /\.\./) shards[$3] }
    END { if (length(shards) != 10 || last != "merge") { print length(shards), last; exit 1 } }
' "$work/trace" >&2 || fail 'order of the tasks'
printf 'ok: windows, limits, throttle; the last job after all tasks\n'
expect "$(cat "$data"/slurm/log/verify-*.log)" '1 of 10 shards are missing: 5' 'log of the last job'
rm "$data"/slurm/log/verify-*.log "$work/trip"

# Only what is missing is queued again: what was killed, and what is gone by now.
rm "$data"/shards/000003.*
submitted=$(submit)
expect "$submitted" '2 shards missing' 'second submission'
settle
queued=$(grep -oE 'start [0-9]+\.\.[0-9]+' "$work/trace" | sort | tr '\n' ' ')
[ "$queued" = 'start 3..4 start 5..6 ' ] || fail "queued again: $queued"
grep -q 'good' "$data"/slurm/log/verify-*.log || fail 'the dependent job did not verify'
for file in manifest.json shards; do
    diff -r "$work/local/$file" "$data/$file" || fail "$file differs from a local build"
done
printf 'ok: two missing shards requeued; verified by the dependent job, equal to a local build\n'

# Cancelled at any moment, several shards per task.
rm -r "$data"/shards/*
submitted=$(submit --shards-per-task 3)
sleep 1.5
scancel --user=root
settle
submitted=$(submit --shards-per-task 3)
settle
diff -r "$work/local/shards" "$data/shards" || fail 'shards differ after scancel'
printf 'ok: cancelled and submitted again\n'

# Nothing missing: only the last job.
submitted=$(submit)
expect "$submitted" '0 shards missing' 'last submission'
[ "$(grep -c '^job' <<<"$submitted")" = 1 ] || fail "more than the last job: $submitted"
settle

# A task outside of an array says so.
rm "$data"/shards/000007.*
"$xtask" --quiet dataset slurm "$data"
code=0
bash "$data/slurm/array-0.sh" 2>"$work/alone.log" || code=$?
[ "$code" = 2 ] && grep -q SLURM_ARRAY_TASK_ID "$work/alone.log" || fail 'a script outside of an array ran'
printf 'ok: without SLURM_ARRAY_TASK_ID the script is an error\n'
