/** A part with a life: the constructor only assigns, `start` acquires, `stop` undoes everything and may be called twice. */
export interface Unit {
  start(): Promise<void>;
  stop(): Promise<void>;
}

/** Starts units in order; when one fails, those already started are stopped in reverse before the error goes on. */
export async function startAll(units: readonly Unit[]): Promise<void> {
  const started: Unit[] = [];
  try {
    for (const unit of units) {
      await unit.start();
      started.push(unit);
    }
  } catch (error) {
    await stopAll(started);
    throw error;
  }
}

/** Stops units in reverse order; all are stopped even when one fails, then the first failure is thrown. */
export async function stopAll(units: readonly Unit[]): Promise<void> {
  let failure: unknown;
  let failed = false;
  for (const unit of [...units].reverse()) {
    try {
      await unit.stop();
    } catch (error) {
      if (!failed) failure = error;
      failed = true;
    }
  }
  if (failed) throw failure;
}
