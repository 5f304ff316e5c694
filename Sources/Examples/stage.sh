# Sourced by the examples: a Redis, strict mirrors and a gateway on free loopback ports. All of them are ended, by process id, when the
# script ends, and by the kernel should the script be killed.
#
# SLUICE_PROGRAM names a built `sluice`; without it one is built. SLUICE_REDIS_URL names a Redis to use; without it one is started. Any
# other SLUICE_ variable of the shell belongs to some other pool, and is not taken.

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
started=() # process ids, in the order of their start
gateway=
mirrors= # as SLUICE_MIRRORS has them
redis_port=
scratch=$(mktemp -d)

for variable in "${!SLUICE_@}"; do
    case $variable in
    SLUICE_PROGRAM | SLUICE_REDIS_URL) ;;
    *) unset "$variable" ;;
    esac
done
# A pool of its own in a Redis that others use too. An example with a configuration has the name in that.
own_pool() { export SLUICE_POOL=example-$$; }

say() { echo "$*" >&2; }

sweep() {
    trap '' INT TERM
    # First the gateway, which has something to give back; then what it works with.
    if [[ -n $gateway ]]; then
        kill -TERM "$gateway" 2>/dev/null || true
        wait "$gateway" 2>/dev/null || true
    fi
    for process in "${started[@]}"; do
        kill -TERM "$process" 2>/dev/null || true
        wait "$process" 2>/dev/null || true
    done
    rm -rf "$scratch"
}
trap sweep EXIT
trap 'exit 0' INT TERM

# In the background: becomes a program in a session of its own, so that a Ctrl-C at the terminal reaches this script alone and all end
# in order.
launch() { exec setsid setpriv --pdeathsig KILL "$@"; }

find_program() {
    if [[ -n ${SLUICE_PROGRAM:-} ]]; then return; fi
    "$root/deploy/install"
    say "Building sluice (the first time takes some minutes) …"
    swift build --package-path "$root" -c release --product sluice >&2
    SLUICE_PROGRAM=$(swift build --package-path "$root" -c release --product sluice --show-bin-path)/sluice
}

# build_example NAME: its program is then "$example".
build_example() {
    swift build --package-path "$root" -c release --product "example-$1" >&2
    example=$(swift build --package-path "$root" -c release --product "example-$1" --show-bin-path)/example-$1
}

start_redis() {
    local process
    if [[ -n ${SLUICE_REDIS_URL:-} ]]; then
        say "Redis: $SLUICE_REDIS_URL"
        return
    fi
    : >"$scratch/redis.log"
    for _ in {1..20}; do
        redis_port=$((10000 + RANDOM % 22000))
        launch redis-server --bind 127.0.0.1 --port "$redis_port" --dir "$scratch" --save '' >"$scratch/redis.log" 2>&1 &
        process=$!
        for _ in {1..500}; do
            kill -0 "$process" 2>/dev/null || break
            if grep -q 'Ready to accept connections' "$scratch/redis.log"; then
                started+=("$process")
                export SLUICE_REDIS_URL=redis://127.0.0.1:$redis_port
                say "Redis: redis-cli -p $redis_port"
                return
            fi
            sleep 0.02
        done
        kill "$process" 2>/dev/null || true
    done
    say "Redis did not start: $(cat "$scratch/redis.log")"
    exit 1
}

# start_mirror NAME LIMIT [OPTION…]: a strict mirror that bans whoever exceeds its limit.
start_mirror() {
    local name=$1 limit=$2 url=
    shift 2
    : >"$scratch/$name"
    launch "$SLUICE_PROGRAM" mirror --name "$name" --limit "$limit" --block 60s "$@" >"$scratch/$name" &
    started+=($!)
    for _ in {1..500}; do
        url=$(<"$scratch/$name")
        if [[ -n $url ]]; then
            mirrors+="${mirrors:+ }$url,limit=$limit,name=$name"
            return
        fi
        sleep 0.02
    done
    say "the mirror $name did not start"
    exit 1
}

# start_service PROGRAM: one that prints its URL, which is then in "$url".
start_service() {
    local said=$scratch/service-${#started[@]}
    : >"$said"
    launch "$1" >"$said" &
    started+=($!)
    for _ in {1..500}; do
        url=$(<"$said")
        if [[ -n $url ]]; then return; fi
        sleep 0.02
    done
    say "$1 did not start"
    exit 1
}

# serve [OPTION…]: the gateway, until it ends or Ctrl-C.
serve() {
    export SLUICE_MIRRORS=$mirrors
    launch "$SLUICE_PROGRAM" serve "$@" &
    gateway=$!
    local status=0
    wait "$gateway" || status=$?
    gateway=
    exit "$status"
}
