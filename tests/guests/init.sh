#!/bin/sh
# SPDX-License-Identifier: MIT
#
# The first process of the ramdisk `tests`: exercises Linux, says how it went
# line by line, and powers off.  What a runner reads:
#
#     WORKLOAD uptime <seconds>            since the kernel began
#     WORKLOAD <step> OK|FAILED [detail]
#     WORKLOAD round <n> of <m>
#     WORKLOAD DONE <failures>
#
# The kernel hands NAME=VALUE words of its command line that it does not know
# to this process as environment:
#
#     steps=a,b     only these steps; `none` for none
#     rounds=N      the steps N times over
#     epoch=S       the host's time when the machine was started
#     expect_cpus=N how many CPUs there must be
#
# With the driver xen-privcmd.ko beside it there is one step more, audit; and
# between rounds there is a moment for the debug key that does the same.

mount -t proc proc /proc
echo "WORKLOAD uptime $(cut -d' ' -f1 /proc/uptime)"
mount -t sysfs sys /sys
mount -t devtmpfs dev /dev 2>/dev/null
mount -t tmpfs tmp /tmp

failures=0
audit=
if [ -e /xen-privcmd.ko ]; then
    # Else it would wait for a xenstore to name a domain to be served.
    insmod /xen-privcmd.ko unrestricted=1
    audit=,audit
fi

report() {
    echo "WORKLOAD $*"
    case "$2" in FAILED) failures=$((failures + 1)) ;; esac
}

# The sum of all interrupts of all CPUs.
interrupts() {
    awk '{ for (i = 2; i <= NF && $i ~ /^[0-9]+$/; i++) sum += $i }
         END { print sum + 0 }' /proc/interrupts
}

step_exec() {
    n=0
    while [ $n -lt 60 ]; do
        got=$(sh -c "/bin/busybox echo $n")
        if [ "$got" != "$n" ]; then
            report exec FAILED "program $n said '$got'"
            return
        fi
        n=$((n + 1))
    done
    report exec OK "$n shells with a program each"
}

step_unpack() {
    want=$(cat /sample.sha256)
    got=$(gunzip -c /sample.gz | sha256sum)
    if [ "$got" != "$want" ]; then
        report unpack FAILED "through a pipe: $got"
        return
    fi
    gunzip -c /sample.gz >/tmp/sample && cp /tmp/sample /tmp/copy
    got=$(sha256sum </tmp/copy)
    rm -f /tmp/sample /tmp/copy
    if [ "$got" != "$want" ]; then
        report unpack FAILED "through files: $got"
        return
    fi
    report unpack OK "$(wc -c </sample.gz) bytes packed"
}

step_interrupts() {
    before=$(interrupts)
    sleep 0.3
    after=$(interrupts)
    if [ "$after" -le "$before" ]; then
        report interrupts FAILED "$before, then $after"
        return
    fi
    report interrupts OK "$((after - before)) in 0.3 s"
}

step_date() {
    now=$(date +%s)
    if [ -z "$epoch" ]; then
        report date OK "$now; no epoch= to compare with"
        return
    fi
    up=$(cut -d. -f1 /proc/uptime)
    off=$((now - up - epoch))
    # Firmware, boot loader and hypervisor take their time before Linux.
    if [ $off -lt -3 ] || [ $off -gt 60 ]; then
        report date FAILED "$now, up $up, the host said $epoch"
        return
    fi
    report date OK "$off s after the host's"
}

run_step() {
    case $1 in
    none) ;;
    exec | unpack | interrupts | date) "step_$1" ;;
    *)
        if detail=$(timeout 150 workload "$1" 2>&1); then
            report "$1" OK "$detail"
        else
            report "$1" FAILED "status $?: $detail"
        fi
        ;;
    esac
}

round=1
while [ $round -le "${rounds:-1}" ]; do
    [ "${rounds:-1}" = 1 ] || echo "WORKLOAD round $round of $rounds"
    all=exec,$(workload list),unpack,interrupts,date$audit
    for step in $(echo "${steps:-$all}" | tr , ' '); do
        run_step "$step"
    done
    [ "${rounds:-1}" = 1 ] || sleep 1
    round=$((round + 1))
done
echo "WORKLOAD DONE $failures"
poweroff -f
