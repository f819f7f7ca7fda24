import { Type } from "@sinclair/typebox";

export const Id = Type.String({ minLength: 1, maxLength: 128 });
export const Text = Type.String({ minLength: 1, maxLength: 1_000_000 });
export const LeaseMs = Type.Optional(Type.Integer({ minimum: 1000, maximum: 31 * 86_400_000 }));
export const Lines = Type.Array(Type.String(), { maxItems: 100_000 });
const Word = Type.Optional(Type.String({ minLength: 1, maxLength: 1000 }));
const Flag = Type.Optional(Type.Boolean());
const Words = Type.Optional(Type.Array(Type.String({ minLength: 1, maxLength: 200 }), { maxItems: 200 }));
const Texts = Type.Optional(Type.Record(Type.String(), Type.String()));

/** In whose name it is done, where an operator acts for an agent; default: the caller. */
export const Who = { actor: Word };

const Filter = {
  ...{
    status: Word,
    type: Word,
    assignee: Word,
    parent: Word,
    title: Word,
    text: Word,
    externalRef: Word,
    query: Word,
  },
  ...{ createdAfter: Word, createdBefore: Word, updatedAfter: Word, updatedBefore: Word, sortBy: Word, by: Word },
  ...{ closedAfter: Word, closedBefore: Word, dueAfter: Word, dueBefore: Word, description: Word },
  ...{ labelPattern: Word, noLabels: Flag, metadataKey: Word, priorityMin: Word, priorityMax: Word },
  ...{
    unassigned: Flag,
    overdue: Flag,
    deferred: Flag,
    pinned: Flag,
    blocked: Flag,
    all: Flag,
    reverse: Flag,
    ready: Flag,
  },
  ...{ labels: Words, anyLabel: Words, metadata: Texts },
  priority: Type.Optional(Type.Union([Type.Integer(), Type.String()])),
  limit: Type.Optional(Type.Integer({ minimum: 0, description: "0: all" })),
  days: Type.Optional(Type.Integer({ minimum: 0 })),
};

export const FilterParams = Type.Object(Filter);
const Ready = { ...Filter, sort: Word, includeEphemeral: Flag, includeDeferred: Flag };
export const ReadyParams = Type.Object(Ready);
export const ClaimNextParams = Type.Object({ ...Ready, leaseMs: LeaseMs, ...Who });

export const EventParams = Type.Object({
  id: Word,
  after: Type.Optional(Type.Integer({ minimum: 0 })),
  limit: Type.Optional(Type.Integer({ minimum: 0, maximum: 10_000 })),
  newest: Flag,
});

const Ids = Type.Array(Id, { minItems: 1, maxItems: 1000 });
export const IdsParams = Type.Object({
  ids: Ids,
  reason: Type.Optional(Type.String({ maxLength: 10_000 })),
  purge: Flag,
  ...Who,
});

/** The members of a bead are checked where it is written, with the same words for every way in. */
export const CreateParams = Type.Object(
  {
    title: Text,
    key: Word,
    parent: Word,
    blocks: Words,
    dependencies: Type.Optional(
      Type.Array(Type.Object({ on: Id, kind: Word, metadata: Type.Optional(Type.Unknown()) }), { maxItems: 1000 }),
    ),
    ...Who,
  },
  { additionalProperties: true },
);

export const UpdateParams = Type.Object({
  ids: Ids,
  fields: Type.Optional(Type.Record(Type.String(), Type.Unknown())),
  addLabels: Words,
  removeLabels: Words,
  addWaiters: Words,
  appendNotes: Word,
  setMetadata: Texts,
  unsetMetadata: Words,
  parent: Type.Optional(Type.String({ maxLength: 128 })),
  claim: Flag,
  ...Who,
});

export const CloseParams = Type.Object({
  ids: Ids,
  reason: Word,
  reasons: Type.Optional(Type.Array(Type.String({ maxLength: 10_000 }), { maxItems: 1000 })),
  force: Flag,
  session: Word,
  suggestNext: Flag,
  claimNext: Flag,
  continue: Flag,
  ...Who,
});

export const CreateManyParams = Type.Object({
  beads: Type.Array(Type.Object({ title: Text }, { additionalProperties: true }), { minItems: 1, maxItems: 5000 }),
  ...Who,
});
