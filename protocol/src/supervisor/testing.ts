import { createRequire } from "node:module";
import path from "node:path";
import { BarnacleError } from "../errors/index.ts";

const AF_UNIX = 1;
/** SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC on Linux. */
const KIND = 2 | 0o4000 | 0o2000000;
const ADDRESS_BYTES = 110;
const LARGEST = 8192;

/** A service manager's end of NOTIFY_SOCKET: a real datagram socket in the file system. */
export class FakeManager {
  readonly socket: string;
  readonly #libc: ReturnType<typeof bindLibc>;
  #fd = -1;
  #unread: string[] = [];

  /** @param directory with a short path: socket addresses end after 107 bytes */
  constructor(directory: string) {
    this.socket = path.join(directory, "notify");
    this.#libc = bindLibc();
  }

  open(): void {
    this.#fd = this.#libc.socket(AF_UNIX, KIND, 0);
    const address = Buffer.alloc(ADDRESS_BYTES);
    address.writeUInt16LE(AF_UNIX);
    if (address.write(this.socket, 2) > 107 || this.#libc.bind(this.#fd, address, ADDRESS_BYTES) !== 0)
      throw new BarnacleError("INTERNAL", `cannot listen on ${this.socket}`);
  }

  close(): void {
    this.#libc.close(this.#fd);
  }

  /** The assignments (`READY=1`) that came since the last call, in order. */
  heard(): string[] {
    const buffer = Buffer.alloc(LARGEST);
    for (;;) {
      const length = Number(this.#libc.recv(this.#fd, buffer, LARGEST, 0));
      if (length < 0) break;
      this.#unread.push(...buffer.toString("utf8", 0, length).split("\n"));
    }
    return this.#unread.splice(0);
  }
}

function bindLibc() {
  const koffi = createRequire(import.meta.url)("koffi") as typeof import("koffi");
  const libc = koffi.load("libc.so.6");
  return {
    socket: libc.func("int socket(int domain, int type, int protocol)"),
    bind: libc.func("int bind(int fd, const uint8_t *address, uint32_t length)"),
    recv: libc.func("intptr_t recv(int fd, _Out_ uint8_t *buffer, size_t length, int flags)"),
    close: libc.func("int close(int fd)"),
  };
}
