/** Where a command reads its surroundings and writes its answer, so that tests can look at both. */
export interface Io {
  readonly stdout: Sink;
  readonly stderr: Sink;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly home: string;
  /** Effective user id; 0 is root. */
  readonly uid: number;
  /** Calls `fn` on SIGINT, SIGTERM and SIGHUP, perhaps more than once; the returned function forgets it. */
  onStop(fn: () => void): () => void;
}

export interface Sink {
  readonly isTTY: boolean;
  /** Width in characters, when it is a terminal. */
  readonly columns?: number;
  write(text: string): unknown;
}
