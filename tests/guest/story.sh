# What a story in a guest can say: read by its init, whichever that is.
argument() { for word in $(cat /proc/cmdline); do case $word in $1=*) echo "${word#*=}" ;; esac; done; }
say() { read -r up _ </proc/uptime; echo "@@ $up $*"; }

wait_for() { # wait_for WHAT COMMAND…: for a minute at most
    what=$1; shift
    read -r up _ </proc/uptime
    until=$((${up%.*} + 60))
    while [ "${up%.*}" -lt "$until" ]; do
        "$@" >/dev/null 2>&1 && { say "$what"; return 0; }
        sleep 0.1
        read -r up _ </proc/uptime
    done
    say "NOT $what"
    return 1
}
