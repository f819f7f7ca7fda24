import { closeSync, openSync, readdirSync, readSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import { BarnacleError, messageOf, systemCode } from "@barnacle/protocol/errors";

/** What the character-device driver needs of the operating system. `errnoOf` tells why a call failed. */
export interface GpioKernel {
  /** Device files of all chips, by number. */
  chips(): readonly string[];
  open(file: string): number;
  close(fd: number): void;
  /** The structure in `argument` goes in, and comes back filled. */
  ioctl(fd: number, request: number, argument: Buffer): void;
  /** Reads what is there; 0 when nothing is. Never waits. */
  read(fd: number, into: Buffer): number;
  /** Calls back whenever there may be something to read, or the device is gone. @returns what ends it */
  watch(fd: number, ready: () => void): () => void;
  /** As `watch`, for files of /sys that tell of a change by priority; they are always readable. */
  watchPriority(fd: number, ready: () => void): () => void;
  /** The clock of the kernel's edges, in nanoseconds. */
  monotonicNs(): bigint;
}

/** `EBUSY`, `ENODEV`, …; undefined when it is no failure of the operating system. */
export function errnoOf(error: unknown): string | undefined {
  if (!(error instanceof BarnacleError)) return systemCode(error);
  const { errno } = error.details ?? {};
  return typeof errno === "string" ? errno : undefined;
}

const DEVICES = "/dev";
const F_SETFL = 4;
const O_NONBLOCK = 0o4000;
const EPOLL_CLOEXEC = 0o2000000;
const EPOLL_CTL_ADD = 1;
const EPOLLPRI = 2;
const EPOLLERR = 8;
/** `struct epoll_event` is packed on x86-64 only; twelve bytes of zeros and the mask in front fit both. */
const EPOLL_EVENT_BYTES = 16;

/** Over koffi, which is loaded with the first call: nothing of it is in a node without GPIO lines. @throws LIBRARY_MISSING */
export function systemKernel(): GpioKernel {
  let native: ReturnType<typeof bind> | undefined;
  const calls = (): ReturnType<typeof bind> => {
    native ??= bind();
    return native;
  };
  return {
    chips: () =>
      readdirSync(DEVICES)
        .filter((name) => /^gpiochip\d+$/.test(name))
        .sort((a, b) => Number(a.slice(8)) - Number(b.slice(8)))
        .map((name) => path.join(DEVICES, name)),
    open: (file) => openSync(file, "r+"),
    close: (fd) => closeSync(fd),
    ioctl: (fd, request, argument) => calls().ioctl(fd, request, argument),
    read: (fd, into) => {
      try {
        return readSync(fd, into);
      } catch (error) {
        if (systemCode(error) === "EAGAIN") return 0;
        throw error;
      }
    },
    watch: (fd, ready) => calls().watch(fd, ready),
    watchPriority: (fd, ready) => calls().watchPriority(fd, ready),
    monotonicNs: () => process.hrtime.bigint(),
  };
}

function bind() {
  const koffi = load();
  const lib = koffi.load(null);
  const ioctl = lib.func("int ioctl(int fd, unsigned long request, void *argument)");
  const fcntl = lib.func("int fcntl(int fd, int command, int argument)");
  const check = (result: number, call: string): void => {
    if (result >= 0) return;
    const errno = koffi.errno();
    const code = Object.entries(koffi.os.errno).find(([, number]) => number === errno)?.[0] ?? `errno ${errno}`;
    throw new BarnacleError("HARDWARE_UNAVAILABLE", `${call}: ${code}`, { details: { errno: code } });
  };
  const epollCreate = lib.func("int epoll_create1(int flags)");
  const epollControl = lib.func("int epoll_ctl(int epfd, int op, int fd, void *event)");
  return {
    watchPriority: (fd: number, ready: () => void) => {
      const set: number = epollCreate(EPOLL_CLOEXEC);
      check(set, "epoll_create1");
      const event = Buffer.alloc(EPOLL_EVENT_BYTES);
      event.writeUInt32LE(EPOLLPRI | EPOLLERR, 0);
      check(epollControl(set, EPOLL_CTL_ADD, fd, event), "epoll_ctl");
      // A set of files is readable when one of them has what it is asked for: again no thread waits.
      const handle = koffi.node.poll(set, { readable: true }, () => ready());
      handle.unref();
      return () => {
        handle.close();
        closeSync(set);
      };
    },
    ioctl: (fd: number, request: number, argument: Buffer) => check(ioctl(fd, request, argument), "ioctl"),
    watch: (fd: number, ready: () => void) => {
      check(fcntl(fd, F_SETFL, O_NONBLOCK), "fcntl");
      // The event loop's own poll: no thread waits, so nothing keeps the process from ending.
      const handle = koffi.node.poll(fd, { readable: true }, () => ready());
      handle.unref();
      return () => handle.close();
    },
  };
}

function load(): typeof import("koffi") {
  try {
    return createRequire(import.meta.url)("koffi") as typeof import("koffi");
  } catch (cause) {
    throw new BarnacleError("LIBRARY_MISSING", `koffi: ${messageOf(cause)}`, { cause });
  }
}
