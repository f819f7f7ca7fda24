#!/bin/sh
# Builds the user-mode Linux kernel of the bench: kernel.sh <source archive> <work directory> <output>
# Debian's own has neither GPIO nor hidraw, uhid or ALSA. Four to five minutes on two cores, 1.6 GB while it works.
set -eu
archive=$1 work=$2 output=$3
cd "$work"
tar xf "$archive"
cd linux-source-*/

# ALSA is switched off for user mode as a whole; its loopback card needs no hardware.
sed -i '/^if !UML$/d; /^endif # !UML$/d; s/depends on HAS_IOMEM || INDIRECT_IOMEM$/& || UML/' sound/Kconfig
# All 64 interrupt numbers are reserved for host files; without spare ones every GPIO edge request ends with ENXIO.
sed -i 's/^#define NR_IRQS.*/#define NR_IRQS 256/' arch/um/include/asm/irq.h
# Registers of a host with AMX or APX take 11 kB; ptrace refuses (EFAULT) to restore less than all of them. They lie
# on the kernel stack up to three times.
sed -i 's/DEFINE_LONGS(HOST_FP_SIZE, 2696)/DEFINE_LONGS(HOST_FP_SIZE, 12288)/' arch/x86/um/user-offsets.c

make -s ARCH=um defconfig
for option in EXPERT HOSTFS EXT4_FS TMPFS DEVTMPFS DEVTMPFS_MOUNT CONFIGFS_FS GPIOLIB GPIO_CDEV GPIO_SYSFS GPIO_SIM \
  HID HID_GENERIC HIDRAW UHID INPUT_EVDEV INPUT_UINPUT SOUND SND SND_DRIVERS SND_ALOOP HIGH_RES_TIMERS \
  CGROUPS MEMCG CGROUP_PIDS CGROUP_BPF BPF_SYSCALL NAMESPACES USER_NS NET_NS PID_NS SECCOMP SECCOMP_FILTER \
  FHANDLE AUTOFS_FS SIGNALFD TIMERFD EPOLL UNIX INET IO_URING; do scripts/config -e "$option"; done
scripts/config --set-val KERNEL_STACK_ORDER 4
make -s ARCH=um olddefconfig
for option in GPIO_SIM UHID SND_ALOOP HOSTFS CGROUP_BPF; do
  grep -q "^CONFIG_$option=y" .config || { echo "the kernel's configuration lost $option" >&2; exit 1; }
done
make -s ARCH=um -j"$(nproc)" linux
strip -s -o "$output" linux
