import type { BeadsService, TownService } from "../services.ts";

/** One event of the stream. `id` is a place to go on from; events without one are told once. */
export interface Told {
  readonly event: "change" | "reset";
  readonly id?: number;
  readonly data: unknown;
}

/** More than this since a page last listened: it reads everything again instead. */
const MOST_MISSED = 1000;

const ofBead = ({
  seq,
  id,
  at,
  who,
  kind,
}: {
  seq: number;
  id: string;
  at: number;
  who: string;
  kind: string;
}): Told => ({
  event: "change",
  id: seq,
  data: { noun: "beads", id, at, who, kind },
});

/**
 * What happens to the town from now on, each change after it is on disk. `since` is the id that was told last: what was
 * missed comes first, or a `reset` when that is too much or not known here.
 *
 * @returns ends it
 */
export async function follow(
  { beads, town }: { readonly beads: BeadsService; readonly town: TownService },
  since: number | undefined,
  tell: (told: Told) => void,
): Promise<() => void> {
  const owner = {};
  // Listened to before the past is read, so that nothing falls between.
  const early: Told[] = [];
  let send = (told: Told): void => {
    early.push(told);
  };
  beads.events.on("changed", ({ events }) => events.forEach((event) => void send(ofBead(event))), owner);
  town.events.on("changed", (change) => send({ event: "change", data: change }), owner);
  let last = 0;
  if (since !== undefined) {
    const { log } = await beads.open();
    const missed = log.list({ after: since, limit: MOST_MISSED + 1 });
    const known = since === 0 || log.list({ after: since - 1, limit: 1 })[0]?.seq === since;
    if (!known || missed.length > MOST_MISSED) tell({ event: "reset", data: {} });
    else for (const event of missed) tell(ofBead(event));
    last = missed.at(-1)?.seq ?? since;
  }
  for (const told of early) if (told.id === undefined || told.id > last) tell(told);
  send = tell;
  return () => {
    beads.events.dropOwner(owner);
    town.events.dropOwner(owner);
  };
}
