# Third part of job.sh: what launchers ask of a machine, and the choice of the verb.

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
    over=
    [ -n "$starter" ] && ! runs_child "$starter" && over=yes
    read_status
    if [ -n "$status" ] || has_exit || [ -e "$claim/never" ]; then return; fi
    if [ -n "$over" ]; then
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

# A child that ended is a zombie until it is waited for.
runs_child() {
  if [ -d /proc/self ]; then runs "$1"; else kill -0 "$1" 2>/dev/null; fi
}

# All that can be seen from here, a word and its value a line. The exit state is read last: whoever ends meanwhile has
# written it before it was gone.
probe() {
  printf 'now %s\nhost %s\n' "$(now)" "$host"
  [ -d "$folder" ] || return 0
  echo "folder yes"
  [ -e "$cancel" ] && echo "cancel yes"
  read_status
  if [ -n "$status" ]; then
    printf 'status %s\n' "$status"
    first_line "$folder/heartbeat"
    printf 'heartbeat %s\n' "$line"
    field their_host host "$status"
    field their_boot boot "$status"
    if [ "$their_host" != "$host" ]; then
      echo "process elsewhere"
    elif [ "$their_boot" != "$boot" ]; then
      echo "process rebooted"
    elif same "$wrapper" "$begun"; then
      echo "process alive"
    else
      echo "process gone"
      has_exit || { job_lives && echo "orphans yes"; }
    fi
  fi
  [ -e "$claim/never" ] && echo "never yes"
  [ -d "$claim" ] && echo "claimed $(stat -c %Y "$claim" 2>/dev/null || stat -f %m "$claim")"
  first_line "$folder/exit.json"
  [ -n "$line" ] && printf 'exit %s\n' "$line"
  return 0
}

# Marks the attempt as cancelled, with the seconds of grace, and asks it to end if it is on this machine. An attempt that
# nobody took is taken here: it never runs, whenever its scheduler comes to it, and whatever runs in this folder by then.
cancel() {
  # a full disk still takes the name
  { echo "$1" >"$cancel"; } 2>/dev/null || : >"$cancel"
  mkdir "$claim" 2>/dev/null && : >"$claim/never"
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
  field their_host host "$status"
  field their_boot boot "$status"
  [ -n "$status" ] && [ "$their_host" = "$host" ] && [ "$their_boot" = "$boot" ]
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
