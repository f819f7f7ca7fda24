export { Backoff } from "./backoff.ts";
export { Link, type LinkEventMap, type LinkParts, type LinkState, type ToHub } from "./link.ts";
export { type OpenSession, openSession, type Session, type SessionOptions } from "./session.ts";
export { LinkToken } from "./token.ts";
