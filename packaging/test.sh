#!/bin/sh
# The life of the packages in a fresh root: each line is a step; FAILED begins those that went wrong.
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin DEBIAN_FRONTEND=noninteractive
cd /packages || exit 1
parent=/veloci-packages-$$
storage="--root /run/storage --runroot /run/runroot --storage-driver vfs --cgroup-manager cgroupfs"
rootfs=/run/rootfs
# Podman below 3.1 reads no drop-ins: it takes the path.
runtime=veloci
case $(podman --version) in *' 3.0.'*) runtime=/usr/bin/veloci ;; esac
mkdir -p $rootfs/bin && cp /bin/busybox $rootfs/bin/ && ln -s busybox $rootfs/bin/sh && ln -s busybox $rootfs/bin/sleep

step() {
  name=$1
  shift
  if output=$("$@" 2>&1); then echo "ok $name"; else
    echo "FAILED $name: $(echo "$output" | tail -n 3 | tr '\n' ' ')"
  fi
}
has() { "$@" | grep -q "$pattern"; }
not() { ! "$@"; }
# podman with the runtime that the drop-in adds, without a word of configuration.
run() { podman $storage --runtime $runtime run --network none --cgroup-parent $parent --security-opt seccomp=unconfined "$@"; }
try() {
  [ "$(run --rm --rootfs $rootfs /bin/sh -c 'echo hello')" = hello ]
}

find / -xdev \( -path /proc -o -path /packages -o -path /var/lib/dpkg -o -path /var/lib/rpm -o -path /var/log -o -path /var/cache \) -prune -o -print 2>/dev/null | sort >/run/before
step 'dpkg -i' dpkg -i veloci_*.deb
pattern='"version":"' step 'the command' has veloci version --json
step 'md5sums' sh -c 'dpkg -V veloci | { ! grep .; }'
step 'the manual page' test -e /usr/share/man/man8/veloci-run.8.gz -o -e /etc/dpkg/dpkg.cfg.d/excludes
if [ -e /etc/apparmor.d/abi/4.0 ]; then step 'the profile' test -e /etc/apparmor.d/veloci; else
  step 'no profile that this AppArmor refuses' test ! -e /etc/apparmor.d/veloci
fi
pattern='crun\|runc' step 'the default stays' has podman $storage info --format '{{.Host.OCIRuntime.Name}}'
step 'podman runs a container' try
step 'a container that goes on' run -d --name goes-on --rootfs $rootfs /bin/sleep 1000
step 'upgrade' dpkg -i newer.deb
step 'exec after the upgrade' podman $storage --runtime $runtime exec goes-on /bin/sh -c true
step 'another container' try
step 'removal, with a container that runs' dpkg -r veloci
step 'it still runs' pgrep -f 'sleep 1000'
step 'installed again' dpkg -i newer.deb
step 'it is removed by its runtime' podman $storage --runtime $runtime rm -f goes-on
step 'purge' dpkg -P veloci
find / -xdev \( -path /proc -o -path /packages -o -path /var/lib/dpkg -o -path /var/lib/rpm -o -path /var/log -o -path /var/cache \) -prune -o -print 2>/dev/null | sort >/run/after
pattern='^>' step 'nothing is left' not has sh -c 'diff /run/before /run/after | grep -v "^> /run\|/var/lib/containers\|/root/\|/etc/cni\|/var/tmp" | grep "^>"'

mkdir /run/prefix
step 'the archive' tar -xzf veloci-*-linux-*.tar.gz -C /run/prefix --strip-components=1 --no-same-owner
pattern='"version":"' step 'its command' has /run/prefix/bin/veloci version --json

step 'rpm -i' rpm --nodeps -i veloci-*.rpm
step 'rpm -V' rpm -V --nodeps veloci
step 'podman runs a container with it' try
step 'rpm -e' rpm -e --nodeps veloci
step 'the command of rpm is gone' test ! -e /usr/bin/veloci
for cgroup in /sys/fs/cgroup/*$parent /sys/fs/cgroup$parent; do
  [ -d "$cgroup" ] && find "$cgroup" -depth -type d -exec rmdir {} \;
done
echo ended
