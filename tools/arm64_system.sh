#!/bin/bash
# Makes a folder with what runs programs for aarch64 on another host, from packages of Debian:
#
#   tools/arm64_system.sh FOLDER
#
#   FOLDER/qemu-aarch64-static, FOLDER/root (busybox and the C library)    strace_aarch64 --engine user --machine FOLDER
#   FOLDER/vmlinuz, FOLDER/initrd (in which strace is)                     strace_aarch64 --engine system --machine FOLDER
#
# Needs apt-get of a Debian or a derivative, dpkg-deb, cpio, and the network; no root. The packages of this host stay as they are:
# qemu-user-static would take 380 MB, of which one program of 13 MB is wanted.
set -euo pipefail

if [[ $# -ne 1 ]]; then
  sed -n '2,10s/^# \{0,1\}//p' "$0" >&2
  exit 2
fi
mkdir -p "$1"
folder=$(cd -- "$1" && pwd)
if [[ -e $folder/initrd && -e $folder/vmlinuz ]]; then
  exit 0
fi
work=$(mktemp -d)
trap 'rm -rf -- "$work"' EXIT

# apt for packages of one architecture, with a state of its own.
private_apt() {
  local architecture=$1 tool=$2
  shift 2
  mkdir -p "$work/$architecture"/{state/lists,cache/archives}/partial
  touch "$work/$architecture/status"
  "$tool" -q -o "Dir::State=$work/$architecture/state" -o "Dir::State::status=$work/$architecture/status" \
    -o "Dir::Cache=$work/$architecture/cache" -o "APT::Architecture=$architecture" \
    -o "APT::Architectures::=$architecture" -o APT::Sandbox::User=root "$@"
}

download() {
  local architecture=$1
  shift
  (cd "$work/packages" && private_apt "$architecture" apt-get download "$@" > "$work/log") || { cat "$work/log" >&2; exit 1; }
}

mkdir -p "$work"/{packages,kernel,initrd,qemu}
host=$(dpkg --print-architecture)
for architecture in arm64 "$host"; do
  private_apt "$architecture" apt-get update > "$work/log" || { cat "$work/log" >&2; exit 1; }
done

# Its name has the version in it.
kernel=$(private_apt arm64 apt-cache depends linux-image-cloud-arm64 | sed -n 's/^ *Depends: \(linux-image-[0-9].*\)/\1/p' | head -1)
download arm64 "$kernel" strace busybox-static libc6 libgcc-s1 libstdc++6
download "$host" qemu-user-static
dpkg-deb -x "$work"/packages/qemu-user-static_*.deb "$work/qemu"
cp "$work/qemu/usr/bin/qemu-aarch64-static" "$folder/"

dpkg-deb -x "$work/packages/$kernel"_*.deb "$work/kernel"
cp "$work"/kernel/boot/vmlinuz-* "$folder/vmlinuz"
mkdir -p "$folder/root"
for package in busybox-static libc6 libgcc-s1 libstdc++6; do
  dpkg-deb -x "$work/packages/${package}"_*.deb "$folder/root"
done

# What the machine begins with. Nobody but root can write to the serial port that the trace goes to; the kernel has no console.
dpkg-deb -x "$work/packages"/strace_*.deb "$work/initrd"
cp -a "$folder/root/." "$work/initrd/"
rm -rf "$work/initrd/usr/share"
mkdir -p "$work"/initrd/{proc,dev,tmp,output,etc}
echo 'nobody:x:65534:65534:nobody:/tmp:/bin/false' > "$work/initrd/etc/passwd"
cat > "$work/initrd/init" <<'INIT'
#!/bin/busybox sh
PATH=/bin:/usr/bin
export PATH
busybox mount -t devtmpfs none /dev
busybox mount -t proc none /proc
busybox mount -t tmpfs -o size=64m,mode=1777,nosuid,nodev none /tmp
busybox mount -t tmpfs -o size=64k,mode=0700 none /output
busybox chmod 0600 /dev/ttyAMA0
busybox stty -F /dev/ttyAMA0 raw
busybox ifconfig lo up
cd /tmp
busybox sh /rebus/run > /dev/null 2>&1
{
  busybox printf '\n=output\n'
  busybox cat /output/out
} > /dev/ttyAMA0
busybox poweroff -f
INIT
chmod 0755 "$work/initrd/init"
(cd "$work/initrd" && find . -print0 | LC_ALL=C sort -z | cpio --null --create --format newc --owner 0:0 --quiet) |
  gzip -1 > "$folder/initrd.new"
mv "$folder/initrd.new" "$folder/initrd"
