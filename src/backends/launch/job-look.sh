#!/bin/sh
# The one wrapper of all launchers: `job.sh VERB FOLDER ATTEMPT ...`, put together from job-look.sh, job-run.sh and
# job-ask.sh, in this order. It stands in the job/ folder of a run, where `run` and `watch` start from; the other verbs
# are said with its text. POSIX sh with the tools of any Linux; without /proc, a pid that was used again is not noticed.
set -u
LC_ALL=C
export LC_ALL

BEAT=10     # seconds between heartbeats
START=30    # seconds that a job may take to say that it started

# Answers go into variables rather than through `$( )`: on a machine whose cores are all taken, a fork costs a tenth of
# a second.
now() { date +%s; }
iso() { date -u +%Y-%m-%dT%H:%M:%SZ; }

boot=unknown
{ read -r boot </proc/sys/kernel/random/boot_id; } 2>/dev/null
host=
{ read -r host </proc/sys/kernel/hostname; } 2>/dev/null
[ -n "$host" ] || host=$(uname -n)

# The line of a file of ours, without what pads it; empty if there is none.
first_line() {
  line=
  [ -f "$1" ] && read -r line <"$1"
  return 0
}

# State, group and start of a process. The start, in clock ticks from the boot (field 22 of /proc/PID/stat), is not shared
# by a process that gets the same pid later. Fields count from behind the command's name, which may hold blanks and brackets.
look_at() {
  proc_state=
  proc_group=
  proc_start=
  { IFS= read -r line <"/proc/$1/stat"; } 2>/dev/null || return 1
  # shellcheck disable=SC2086
  set -- ${line##*) }
  proc_state=$1
  proc_group=$3
  proc_start=${20}
}

# Whether it runs: a zombie has ended, somebody only failed to ask how.
runs() {
  look_at "$1" || return 1
  case $proc_state in Z | X) return 1 ;; esac
}

# Whether PID with start TICKS runs.
same() {
  [ -n "$1" ] || return 1
  if [ -d /proc/self ]; then
    runs "$1" && [ "$proc_start" = "$2" ]
  else
    kill -0 "$1" 2>/dev/null
  fi
}

# Whether a process of the group runs.
group_lives() {
  [ -n "$1" ] && kill -0 "-$1" 2>/dev/null || return 1
  [ -d /proc/self ] || return 0
  for entry in /proc/[0-9]*; do
    runs "${entry#/proc/}" && [ "$proc_group" = "$1" ] && return 0
  done
  return 1
}

# Pids that carry the job's mark in their environment: all that it started, those that left its group too (torchrun's
# workers have sessions of their own).
marked() {
  [ -n "$1" ] || return 0
  grep -ls "FOIL_JOB=$1;" /proc/[0-9]*/environ 2>/dev/null | while IFS=/ read -r _ _ pid _; do
    runs "$pid" && echo "$pid"
  done
}

# Signals the whole job: its group, and what else carries its mark. A group whose leader is gone is still ours while a
# process in it carries the mark: its number is not given away before it is empty.
strike() {
  ours=
  same "$pgid" "$leader" && ours=yes
  for pid in $(marked "$mark"); do
    look_at "$pid"
    if [ "$proc_group" = "$pgid" ]; then ours=yes; else kill "-$1" "$pid" 2>/dev/null; fi
  done
  [ -d /proc/self ] || ours=yes
  [ -n "$ours" ] && kill "-$1" "-$pgid" 2>/dev/null
}

job_lives() {
  [ -n "$(marked "$mark")" ] || { same "$pgid" "$leader" && group_lives "$pgid"; }
}

# Sets the variable named first to a value of one of our own flat JSON lines; empty if it is null or not there.
field() {
  found=
  case $3 in
    *"\"$2\":"*)
      found=${3#*"\"$2\":"}
      found=${found%%[,\}]*}
      found=${found#\"}
      found=${found%\"}
      ;;
  esac
  [ "$found" = null ] && found=
  eval "$1=\$found"
}

# What this attempt said of itself; empty values if it said nothing yet.
read_status() {
  first_line "$folder/status.json"
  status=$line
  field of attempt "$status"
  [ "$of" = "$attempt" ] || status=
  field wrapper pid "$status"
  field begun start_ticks "$status"
  field pgid pgid "$status"
  field leader group_ticks "$status"
  field mark mark "$status"
}

# Whether the attempt left its exit state.
has_exit() {
  first_line "$folder/exit.json"
  field of attempt "$line"
  [ "$of" = "$attempt" ]
}
