import { closeSync, constants, fstatSync, fsyncSync, openSync, readSync, writeSync } from "node:fs";
import path from "node:path";
import { BarnacleError } from "@barnacle/protocol/errors";

/** No block holds two records, so the disk never rewrites one that was acknowledged. */
export const BLOCK = 4096;
export const FILE_BYTES = 2 * 1024 * 1024;
/** Length of the text (u32), CRC-32 of what follows it and of the length (u32), number (f64). */
const HEADER = 16;
const CRC_AT = 4;
const SEQ_AT = 8;

export interface RedoRecord {
  readonly seq: number;
  readonly text: string;
}

/**
 * A short log in a file of fixed size, of which every byte is there before it is used: a record costs one write and one
 * flush of one block, and nothing of the file system's own. Records are numbered without a gap over the life of the
 * database, from the start of the file again after each `rewind`; what of an earlier round lies behind the newest record has
 * a smaller number. A record cut short by a power cut has no valid sum and ends the log.
 */
export class RedoFile {
  readonly #fd: number;
  #scratch = Buffer.alloc(4 * BLOCK);
  #offset = 0;

  /** @throws what the file system says, a full disk among it */
  constructor(file: string) {
    // Written data is on disk when the call returns (O_DSYNC); on systems without it a hub's own promise would not hold.
    this.#fd = openSync(file, constants.O_RDWR | constants.O_CREAT | constants.O_DSYNC, 0o600);
    try {
      if (fstatSync(this.#fd).size < FILE_BYTES) {
        writeSync(this.#fd, Buffer.alloc(FILE_BYTES), 0, FILE_BYTES, 0);
        fsyncSync(this.#fd);
        syncDirectory(path.dirname(file));
      }
    } catch (error) {
      closeSync(this.#fd);
      throw error;
    }
  }

  /** Whether a record of `text` still has room. */
  fits(text: string): boolean {
    return this.#offset + HEADER + 3 * text.length <= FILE_BYTES;
  }

  /** The record is on disk when this returns. @throws what the file system says; then it may or may not be there */
  append(seq: number, text: string): void {
    const most = HEADER + 3 * text.length;
    if (most > this.#scratch.length) this.#scratch = Buffer.alloc(blocks(most));
    const buffer = this.#scratch;
    const length = buffer.write(text, HEADER);
    buffer.writeUInt32LE(length, 0);
    buffer.writeDoubleLE(seq, SEQ_AT);
    buffer.writeUInt32LE(sumOf(buffer, length), CRC_AT);
    const bytes = blocks(HEADER + length);
    let written = 0;
    while (written < bytes) {
      written += writeSync(this.#fd, buffer, written, bytes - written, this.#offset + written);
    }
    this.#offset += bytes;
  }

  /** From now on records are written over those before: the database has them. */
  rewind(): void {
    this.#offset = 0;
  }

  /** The records from the start of the file on, as far as they are whole and follow each other. */
  *records(): Generator<RedoRecord> {
    let previous: number | undefined;
    for (let at = 0; at < FILE_BYTES; ) {
      const length = this.#read(at, HEADER).readUInt32LE(0);
      if (length === 0 || at + HEADER + length > FILE_BYTES) return;
      const record = this.#read(at, HEADER + length);
      const seq = record.readDoubleLE(SEQ_AT);
      if (record.length < HEADER + length || sumOf(record, length) !== record.readUInt32LE(CRC_AT)) return;
      if (previous !== undefined && seq !== previous + 1) return;
      yield { seq, text: record.toString("utf8", HEADER) };
      previous = seq;
      at += blocks(HEADER + length);
    }
  }

  #read(at: number, length: number): Buffer {
    const bytes = Buffer.alloc(length);
    return bytes.subarray(0, readSync(this.#fd, bytes, 0, length, at));
  }

  close(): void {
    closeSync(this.#fd);
  }
}

function blocks(bytes: number): number {
  return Math.ceil(bytes / BLOCK) * BLOCK;
}

function sumOf(record: Buffer, length: number): number {
  // Loaded here: a command that opens the store for a moment writes no records.
  return process.getBuiltinModule("node:zlib").crc32(record.subarray(SEQ_AT, HEADER + length), length);
}

/** A new file's name is on disk. */
function syncDirectory(directory: string): void {
  const fd = openSync(directory, constants.O_RDONLY);
  try {
    fsyncSync(fd);
  } catch (error) {
    throw new BarnacleError("STATE_UNWRITABLE", `${directory} cannot be flushed to disk`, { cause: error });
  } finally {
    closeSync(fd);
  }
}
