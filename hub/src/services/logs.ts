export interface LogTail {
  readonly file: string;
  /** Where the next read begins: a byte offset. */
  readonly cursor: number;
  readonly size: number;
  readonly lines: readonly string[];
  /** Older lines were left out. */
  readonly truncated: boolean;
  /** The cursor meant nothing any more: the file was begun anew, or too much came since. */
  readonly reset: boolean;
}

/** The hub's own log, as lines of JSON. */
export interface LogFile {
  tail(options: { cursor?: number | undefined; limit?: number | undefined; maxBytes?: number | undefined }): LogTail;
}
