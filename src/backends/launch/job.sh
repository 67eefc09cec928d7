#!/bin/sh
# The one wrapper of all launchers: `job.sh VERB FOLDER ATTEMPT ...`. Copied into the job/ folder of a run, where `run`,
# `watch` and `launch` start from; the other verbs may also be read from standard input on a machine that lacks the copy.
# POSIX sh with the tools of any Linux; what needs /proc answers "cannot tell" without it.
set -u
LC_ALL=C
export LC_ALL

BEAT=10     # seconds between heartbeats
START=30    # seconds that a job may take to say that it started

now() { date +%s; }
iso() { date -u +%Y-%m-%dT%H:%M:%SZ; }
boot() { cat /proc/sys/kernel/random/boot_id 2>/dev/null || echo unknown; }

# Fields of /proc/PID/stat from the state (field 3) on: a command's name may hold blanks and brackets.
stat_of() { sed -n 's/^.*) //p' "/proc/$1/stat" 2>/dev/null; }

# Clock ticks from the boot to the start of a process (field 22), which a pid that was used again does not share.
ticks() { stat_of "$1" | cut -d' ' -f20; }

# Whether PID with start TICKS runs. A zombie has ended: somebody only failed to ask how.
same() {
  [ -n "$1" ] || return 1
  if [ -d /proc/self ]; then
    seen=$(stat_of "$1")
    case $seen in '' | Z* | X*) return 1 ;; esac
    [ "$(echo "$seen" | cut -d' ' -f20)" = "$2" ]
  else
    kill -0 "$1" 2>/dev/null
  fi
}

# Whether a process of the group runs that is no zombie.
group_lives() {
  [ -n "$1" ] && kill -0 -- "-$1" 2>/dev/null || return 1
  [ -d /proc/self ] || return 0
  cat /proc/[0-9]*/stat 2>/dev/null |
    awk -v group="$1" '{ sub(/^.*\) /, ""); if ($3 == group && $1 != "Z" && $1 != "X") { found = 1; exit } } END { exit !found }'
}

# Pids that carry the job's mark in their environment: all that it started, those that left its group too (torchrun's
# workers have sessions of their own).
marked() {
  [ -n "$1" ] || return 0
  grep -ls "FOIL_JOB=$1;" /proc/[0-9]*/environ 2>/dev/null | while IFS=/ read -r _ _ pid _; do
    case $(stat_of "$pid") in '' | Z* | X*) ;; *) echo "$pid" ;; esac
  done
}

# Signals the whole job: its group, and what else carries its mark. A group whose leader is gone is still ours while a
# process in it carries the mark: its number is not given away before it is empty.
strike() {
  ours=
  same "$pgid" "$leader" && ours=yes
  for pid in $(marked "$mark"); do
    if [ "$(stat_of "$pid" | cut -d' ' -f3)" = "$pgid" ]; then ours=yes; else kill "-$1" "$pid" 2>/dev/null; fi
  done
  [ -d /proc/self ] || ours=yes
  [ -n "$ours" ] && kill "-$1" -- "-$pgid" 2>/dev/null
}

job_lives() {
  [ -n "$(marked "$mark")" ] || { same "$pgid" "$leader" && group_lives "$pgid"; }
}

# A value of one of our own flat JSON files.
value() { echo "$1" | sed -n "s/.*\"$2\":\"\{0,1\}\([^,\"}]*\).*/\1/p" | sed 's/^null$//'; }

# What this attempt said of itself; empty values if it said nothing yet.
read_status() {
  status=$(cat "$folder/status.json" 2>/dev/null)
  [ "$(value "$status" attempt)" = "$attempt" ] || status=
  wrapper=$(value "$status" pid)
  begun=$(value "$status" start_ticks)
  pgid=$(value "$status" pgid)
  leader=$(value "$status" group_ticks)
  mark=$(value "$status" mark)
}

write_status() {
  printf '{"pid":%s,"pgid":%s,"host":"%s","started":"%s","start_ticks":%s,"attempt":%s,"group_ticks":%s,"boot":"%s","mark":"%s","job":%s}\n' \
    "$$" "$1" "$(uname -n)" "$started" "${begun:-null}" "$attempt" "${2:-null}" "$(boot)" "$mark" "$scheduled" \
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
  trap 'stopped=true; [ -n "$child" ] && { kill -TERM -- "-$child" 2>/dev/null || kill -TERM "$child" 2>/dev/null; }' TERM INT
  started=$(iso)
  begun=$(ticks $$)
  mark="$(boot)-$$-$begun"
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
  write_status "$child" "$(ticks "$child")"
  apart sh job/job.sh watch "$folder" "$attempt" </dev/null >/dev/null 2>&1 &
  watcher=$!
  [ "$stopped" = true ] && kill -TERM "$child" 2>/dev/null

  while :; do
    # a trapped signal ends `wait` too, with the child still there
    wait "$child"
    code=$?
    kill -0 "$child" 2>/dev/null || break
  done
  # What the leader left behind holds memory and writes files. After a cancel it has the grace that `watch` counts;
  # otherwise it is asked, and made, to go.
  rounds=0
  while group_lives "$child"; do
    if [ "$stopped" = false ]; then
      [ "$rounds" -eq 0 ] && kill -TERM -- "-$child" 2>/dev/null
      [ "$rounds" -eq 20 ] && kill -KILL -- "-$child" 2>/dev/null
    fi
    rounds=$((rounds + 1))
    sleep 0.5
  done
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

# Starts `run` so that it outlives us, and returns when it said that it started.
launch() {
  cd -- "$folder" || exit 72
  starter=
  if [ ! -d "$claim" ]; then
    apart sh job/job.sh run "$folder" "$attempt" </dev/null >"job/launch-$attempt.log" 2>&1 &
    starter=$!
  fi
  rounds=0
  while :; do
    read_status
    [ -n "$status" ] && return
    [ "$(value "$(cat exit.json 2>/dev/null)" attempt)" = "$attempt" ] && return
    if [ -n "$starter" ] && ! same "$starter" "$(ticks "$starter")"; then
      wait "$starter" || {
        code=$?
        cat "job/launch-$attempt.log" >&2
        exit "$code"
      }
      # it was not the first: the one that is has its time from now on
      starter=
      rounds=0
    fi
    rounds=$((rounds + 1))
    if [ "$rounds" -gt $((START * 5)) ]; then
      echo "foil: the job did not say that it started within $START s" >&2
      exit 75
    fi
    sleep 0.2
  done
}

# All that can be seen from here, a word and its value a line. The exit state is read last: whoever ends meanwhile has
# written it before it was gone.
probe() {
  echo "now $(now)"
  echo "host $(uname -n)"
  [ -d "$folder" ] || return 0
  echo "folder yes"
  [ -d "$claim" ] && echo "claimed $(stat -c %Y "$claim" 2>/dev/null || stat -f %m "$claim")"
  [ -e "$cancel" ] && echo "cancel yes"
  read_status
  if [ -n "$status" ]; then
    echo "status $status"
    if [ "$(value "$status" host)" != "$(uname -n)" ]; then
      echo "process elsewhere"
    elif [ "$(value "$status" boot)" != "$(boot)" ]; then
      echo "process rebooted"
    elif same "$wrapper" "$begun"; then
      echo "process alive"
    else
      echo "process gone"
      job_lives && echo "orphans yes"
    fi
    echo "heartbeat $(cat "$folder/heartbeat" 2>/dev/null)"
  fi
  [ -e "$folder/exit.json" ] && echo "exit $(cat "$folder/exit.json")"
  return 0
}

# Marks the attempt as cancelled, with the seconds of grace, and asks it to end if it is on this machine.
cancel() {
  # a full disk still takes the name
  { echo "$1" >"$cancel"; } 2>/dev/null || : >"$cancel"
  here || return 0
  if same "$wrapper" "$begun"; then
    mkdir "$folder/job/told-$attempt" 2>/dev/null && kill -TERM "$wrapper"
  else
    strike TERM
  fi
  return 0
}

here() {
  read_status
  [ -n "$status" ] && [ "$(value "$status" host)" = "$(uname -n)" ] && [ "$(value "$status" boot)" = "$(boot)" ]
}

# Kills the job; its wrapper too, if it does not end by itself then.
kill_job() {
  here || return 0
  strike KILL
  rounds=0
  while same "$wrapper" "$begun"; do
    rounds=$((rounds + 1))
    [ "$rounds" -eq 50 ] && kill -KILL "$wrapper"
    [ "$rounds" -ge 60 ] && break
    sleep 0.2
  done
  strike KILL
  return 0
}

# The size of a file in a line, then at most LIMIT bytes of it from FROM on.
read_file() {
  if [ ! -f "$folder/$1" ]; then
    echo 0
    return
  fi
  size=$(wc -c <"$folder/$1" | tr -d ' ')
  echo "$size"
  [ "$2" -ge "$size" ] || tail -c "+$(($2 + 1))" "$folder/$1" 2>/dev/null | head -c "$3"
}

verb=$1
folder=$2
attempt=$3
shift 3
claim=$folder/job/claim-$attempt
cancel=$folder/job/cancel-$attempt
case $verb in
  run) run ;;
  watch) watch ;;
  launch) launch ;;
  probe) probe ;;
  cancel) cancel "$1" ;;
  kill) kill_job ;;
  read) read_file "$1" "$2" "$3" ;;
  prepare)
    mkdir -p -- "$folder/job" || exit 73
    [ -d "$claim" ] && echo claimed
    command -v rsync >/dev/null 2>&1 && echo rsync
    exit 0
    ;;
  *)
    echo "foil: job.sh knows no verb $verb" >&2
    exit 64
    ;;
esac
