/** Speech made by the hub itself, for clients that have no voice of their own. */
export interface Voices {
  status(): Promise<VoiceStatus>;
  /** Whether answers are spoken by themselves. Kept over restarts. */
  setEnabled(enabled: boolean): Promise<void>;
  /** @throws INPUT_INVALID naming the providers */
  setProvider(provider: string): Promise<string>;
  /** A whole WAV file. @throws INPUT_INVALID, LIBRARY_MISSING */
  speak(text: string, options?: { voice?: string; wordsPerMinute?: number }): Promise<Speech>;
  /** The same, kept as a file for a while. @returns its absolute path */
  file(speech: Speech): Promise<string>;
}

export interface VoiceStatus {
  readonly enabled: boolean;
  readonly provider: string;
  readonly providers: readonly { readonly id: string; readonly name: string; readonly configured: boolean }[];
}

export interface Speech {
  readonly provider: string;
  readonly wav: Buffer;
  readonly sampleRate: number;
  readonly durationMs: number;
}

/** `talk.event` on the gateway's wire. Source: gateway protocol 4, "talk sessions". */
export interface TalkMessage {
  readonly transcriptionSessionId: string;
  readonly type: "ready" | "speechStart" | "transcript" | "error" | "close";
  readonly text?: string;
  readonly final?: boolean;
  readonly message?: string;
  readonly reason?: string;
  readonly talkEvent: TalkEvent;
}

export interface TalkEvent {
  readonly id: string;
  readonly type: string;
  readonly sessionId: string;
  readonly turnId?: string;
  readonly seq: number;
  readonly timestamp: string;
  readonly mode: "transcription";
  readonly transport: "gateway-relay";
  readonly brain: "none";
  readonly provider: string;
  readonly final?: boolean;
  readonly payload: unknown;
}

export interface TalkSession {
  readonly sessionId: string;
  readonly provider: string;
  readonly sampleRate: number;
  /** Seconds since 1970. */
  readonly expiresAt: number;
}

/** Dictation: audio comes in piece by piece, each sentence goes out as text. A session belongs to its connection. */
export interface TalkSessions {
  readonly provider: string;
  /** Whether the recogniser is there, without starting it. */
  ready(): Promise<boolean>;
  /** @throws RATE_LIMITED (too many), LIBRARY_MISSING, MODEL_MISSING */
  open(connId: string, tell: (message: TalkMessage) => void): Promise<TalkSession>;
  /** 16 kHz, mono, signed 16 bit. @throws NOT_FOUND, AUDIO_FORMAT */
  append(connId: string, sessionId: string, audio: Buffer): void;
  /** What was said last is still recognised. @throws NOT_FOUND */
  close(connId: string, sessionId: string): Promise<void>;
  /** The connection is gone. */
  drop(connId: string): void;
}
