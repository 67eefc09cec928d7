# Second part of job.sh: the wrapper proper, and the watcher beside it.

write_status() {
  printf '{"pid":%s,"pgid":%s,"host":"%s","started":"%s","start_ticks":%s,"attempt":%s,"group_ticks":%s,"boot":"%s","mark":"%s","job":%s}\n' \
    "$$" "$1" "$host" "$started" "${begun:-null}" "$attempt" "${2:-null}" "$boot" "$mark" "$scheduled" \
    >status.json.new && mv -f status.json.new status.json
}

# The room for the exit state is taken before the job can fill the disk, and written over in place. A disk that copies
# on write may still be full: then it is tried for a minute, and said, before the scheduler is all that knows the code.
write_exit() {
  name=null
  if [ "$1" -gt 128 ] && text=$(kill -l "$1" 2>/dev/null); then name="\"$text\""; fi
  text=$(printf '{"code":%s,"signal":%s,"ended":"%s","attempt":%s,"stopped":%s}' "$1" "$name" "$(iso)" "$attempt" "$2")
  tries=0
  until printf '%-511s\n' "$text" 1<>"$claim/exit" && mv -f "$claim/exit" exit.json; do
    tries=$((tries + 1))
    echo "foil: cannot write exit.json ($text)" >&2
    [ "$tries" -lt 12 ] || break
    sleep 5
  done
}

# In place too, and always as long as before.
beat() { now 1<>"$folder/heartbeat"; }

run() {
  cd -- "$folder" || exit 72
  if ! mkdir "$claim" 2>/dev/null; then
    # somebody else runs this attempt
    [ -d "$claim" ] && exit 0
    echo "foil: cannot write in $folder: is it there, and is the disk full?" >&2
    exit 73
  fi
  trap '' HUP
  stopped=false
  child=
  trap 'stopped=true; [ -n "$child" ] && { kill -TERM "-$child" 2>/dev/null || kill -TERM "$child" 2>/dev/null; }' TERM INT
  started=$(iso)
  look_at $$
  begun=$proc_start
  mark="$boot-$$-$begun"
  scheduled=null
  if [ -n "${SLURM_JOB_ID:-}" ]; then scheduled="\"$SLURM_JOB_ID\""; fi
  rm -f exit.json
  if ! { printf '%511s\n' '' >"$claim/exit" && beat && write_status null; }; then
    echo "foil: cannot write in $folder: is the disk full?" >&2
    exit 74
  fi
  exec </dev/null >>log.txt 2>&1
  if [ -e "$cancel" ]; then
    write_exit 143 true
    exit 143
  fi

  if command -v setsid >/dev/null 2>&1; then
    FOIL_JOB="$mark;" setsid sh "job/attempt-$attempt.sh" &
    child=$!
  else
    set -m
    FOIL_JOB="$mark;" sh "job/attempt-$attempt.sh" &
    child=$!
    set +m
  fi
  look_at "$child"
  pgid=$child
  leader=$proc_start
  write_status "$child" "$leader"
  apart sh job/job.sh watch "$folder" "$attempt" </dev/null >/dev/null 2>&1 &
  watcher=$!
  [ "$stopped" = true ] && kill -TERM "$child" 2>/dev/null

  while :; do
    # a trapped signal ends `wait` too, with the child still there
    wait "$child"
    code=$?
    kill -0 "$child" 2>/dev/null || break
  done
  # the one that a signal ended may also have collected the child (dash 0.5.12 on a busy machine): then the next one knows
  # the code that it left, which is 127 only if there is nothing left to know
  wait "$child" 2>/dev/null
  again=$?
  [ "$again" -eq 127 ] || code=$again
  # What the leader left behind holds memory and writes files. After a cancel it has the grace that `watch` counts;
  # otherwise it is asked, and made, to go. What had left the group goes with the last of it.
  rounds=0
  while group_lives "$child"; do
    if [ "$stopped" = false ]; then
      [ "$rounds" -eq 0 ] && kill -TERM "-$child" 2>/dev/null
      [ "$rounds" -eq 20 ] && kill -KILL "-$child" 2>/dev/null
    fi
    rounds=$((rounds + 1))
    sleep 0.5
  done
  strike KILL
  write_exit "$code" "$stopped"
  kill "$watcher" 2>/dev/null
  exit "$code"
}

# Runs a command in a session of its own, where there is a way to.
apart() {
  if command -v setsid >/dev/null 2>&1; then exec setsid "$@"; else exec nohup "$@"; fi
}

# Beside the wrapper, for as long as it lives: beats; passes on a cancel that came as a file from a machine that cannot
# signal; kills at the end of the grace, whatever became of the one who asked. When the wrapper itself was killed, so is
# its job: a lost run must not go on writing in a folder that its next attempt takes.
watch() {
  nap=
  deadline=
  last=0
  trap 'kill "$nap" 2>/dev/null; exit 0' TERM
  read_status
  while same "$wrapper" "$begun"; do
    time=$(now)
    if [ $((time - last)) -ge "$BEAT" ]; then
      beat
      last=$time
    fi
    if [ -e "$cancel" ]; then
      if [ -z "$deadline" ]; then
        grace=$(cat "$cancel")
        deadline=$((time + ${grace:-30}))
        mkdir "$folder/job/told-$attempt" 2>/dev/null && kill -TERM "$wrapper"
      elif [ "$time" -ge "$deadline" ]; then
        strike KILL
      fi
    fi
    sleep 2 &
    nap=$!
    wait "$nap"
  done
  strike KILL
}
