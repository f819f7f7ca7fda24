import { type DeviceIdentity, generateIdentity, keepIdentity, loadOrCreateIdentity } from "@barnacle/protocol/identity";
import type { Log } from "@barnacle/protocol/runtime";
import { makeStateDir } from "../config/index.ts";
import { isWeather } from "./database.ts";
import { lockStateDir } from "./lock.ts";
import { Settings } from "./settings.ts";
import { NodeStore } from "./store.ts";

export interface NodeState {
  readonly identity: DeviceIdentity;
  readonly store: NodeStore;
  readonly settings: Settings;
  /** What of key and claim could not be had at the start is tried again. @returns why not, or undefined */
  readonly settle: () => string | undefined;
  readonly close: () => void;
}

/**
 * Opens the state directory: claim, key and database. A disk that takes nothing is borne: what is there is used, what is
 * not is made in memory, and all of it moves to the disk when that is well again.
 * @throws STATE_LOCKED, STATE_UNWRITABLE for a directory of somebody else, IDENTITY_INVALID
 */
export function openState(stateDir: string, log: Log): NodeState {
  const undone: { what: string; work: () => void }[] = [];
  let release: () => void = () => {};
  const now = (what: string, work: () => void): void => {
    try {
      work();
    } catch (error) {
      if (!isWeather(error)) throw error;
      undone.push({ what, work });
    }
  };
  now("the state directory is not claimed", () => {
    makeStateDir(stateDir);
    release = lockStateDir(stateDir);
  });
  let identity: DeviceIdentity | undefined;
  now("this node's key lasts until it stops", () => {
    if (identity) keepIdentity(stateDir, identity);
    else identity = loadOrCreateIdentity(stateDir);
  });
  identity ??= generateIdentity();
  const store = new NodeStore({ stateDir, log });
  try {
    store.open();
  } catch (error) {
    release();
    throw error;
  }
  for (const { what } of undone) log.error({ stateDir }, what);
  return {
    identity,
    store,
    settings: new Settings(store),
    settle: () => {
      for (const job of undone.splice(0)) now(job.what, job.work);
      return undone[0]?.what;
    },
    close: () => {
      store.close();
      release();
    },
  };
}
