import { literals } from "@barnacle/protocol/schema";
import { Type } from "@sinclair/typebox";
import { MAIL_PRIORITIES, MAIL_TYPES } from "../../mail/words.ts";
import { Id, Text, Who } from "./beads-params.ts";
import type { Method } from "./method.ts";
import { townRead, townWrite } from "./town.ts";

const Address = Type.String({ minLength: 1, maxLength: 200 });
const Addresses = Type.Array(Address, { maxItems: 100 });
const Name = Type.String({ minLength: 1, maxLength: 64 });
const Limit = Type.Optional(Type.Integer({ minimum: 0, maximum: 10_000 }));
const Flag = Type.Optional(Type.Boolean());
const Count = Type.Optional(Type.Integer({ minimum: 0 }));
const identity = Type.Optional(Address);
const Ids = Type.Array(Id, { minItems: 1, maxItems: 500 });

const Letter = {
  body: Type.Optional(Text),
  ...{ priority: Type.Optional(literals(MAIL_PRIORITIES)), type: Type.Optional(literals(MAIL_TYPES)) },
  ...{ threadId: Type.Optional(Id), cc: Type.Optional(Addresses), pinned: Flag, permanent: Flag, notify: Flag },
  ...{ key: Type.Optional(Type.String({ minLength: 1, maxLength: 200 })), from: identity, ...Who },
};

/** Bodies are in the events of beads; the record of who did what has the rest. */
const recordAs = (given: object) => JSON.parse(JSON.stringify({ ...given, body: undefined }));

/** Messages between agents and people. */
export const mailMethods: readonly Method[] = [
  townRead("mail", "inbox", Type.Object({ identity: Address, unread: Flag, all: Flag, limit: Limit })),
  townRead("mail", "check", Type.Object({ identity: Address })),
  townRead("mail", "show", Type.Object({ id: Id, identity })),
  townRead("mail", "thread", Type.Object({ id: Id })),
  townRead("mail", "search", Type.Object({ text: Text, from: identity, identity, limit: Limit })),
  townRead("mail", "queues", Type.Object({})),
  townRead("mail", "queue", Type.Object({ name: Name })),
  townRead("mail", "channels", Type.Object({})),
  townRead("mail", "channel", Type.Object({ name: Name, limit: Limit })),
  townRead("mail", "groups", Type.Object({})),
  townRead("mail", "group", Type.Object({ name: Type.String({ minLength: 1, maxLength: 80 }) })),
  townWrite(
    "mail",
    "send",
    Type.Object({
      to: Type.String({ minLength: 1, maxLength: 2000 }),
      subject: Type.String({ minLength: 1, maxLength: 500 }),
      ...{ replyTo: Type.Optional(Id), ...Letter },
    }),
    { recordAs },
  ),
  townWrite(
    "mail",
    "reply",
    Type.Object({ id: Id, subject: Type.Optional(Type.String({ minLength: 1, maxLength: 500 })), ...Letter }),
    { recordAs },
  ),
  townWrite("mail", "read", Type.Object({ id: Id, identity, ...Who })),
  townWrite("mail", "ack", Type.Object({ ids: Ids, identity, ...Who })),
  townWrite("mail", "archive", Type.Object({ ids: Ids, identity, ...Who })),
  townWrite("mail", "claim", Type.Object({ queue: Type.Optional(Name), id: Type.Optional(Id), identity, ...Who })),
  townWrite("mail", "release", Type.Object({ id: Id, identity, ...Who })),
  townWrite(
    "mail",
    "queueSet",
    Type.Object({ name: Name, workers: Type.Optional(Addresses), max_claims: Count, paused: Flag, ...Who }),
  ),
  townWrite(
    "mail",
    "channelSet",
    Type.Object({
      ...{ name: Name, keep_count: Count, keep_ms: Count, closed: Flag },
      ...{ follow: Type.Optional(Addresses), leave: Type.Optional(Addresses), ...Who },
    }),
  ),
  townWrite(
    "mail",
    "groupSet",
    Type.Object({ name: Name, add: Type.Optional(Addresses), remove: Type.Optional(Addresses), ...Who }),
  ),
  townWrite("mail", "remove", Type.Object({ what: literals(["queue", "channel", "group"]), name: Name, ...Who })),
];
