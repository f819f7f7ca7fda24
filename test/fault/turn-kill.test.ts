import { setTimeout as pause } from "node:timers/promises";
import { seededRandom } from "@barnacle/protocol/runtime";
import t, { type Test as T } from "tap";
import { readSpeechWav } from "../../hardware/src/audio/index.ts";
import type { TurnRecord } from "../../hub/src/services.ts";
import { House, KITCHEN_CLIP, linkUp } from "../support/house.ts";
import type { JsonLine } from "../support/process.ts";
import { ScriptedMicrophone } from "../support/scripted-microphone.ts";

t.setTimeout(600_000);

type Victim = "node" | "hub";

interface Kill {
  readonly victim: Victim;
  /** The line of the node after which the victim is killed. */
  readonly when: string;
  readonly fits: (line: JsonLine) => boolean;
  readonly delayMs: number;
  /** The hub stands still from here on, so that what the node sends it is on the way when it dies. */
  readonly frozenFrom?: (line: JsonLine) => boolean;
}

const event = (name: string) => (line: JsonLine) => line.event === name;
const pipeline = (state: string) => (line: JsonLine) =>
  line.event === "state" && line.part === "pipeline" && line.state === state;

const STEPS: readonly [string, (line: JsonLine) => boolean][] = [
  ["wake", event("wake")],
  ["listening", pipeline("listening")],
  ["recognising", pipeline("recognising")],
  ["transcript", event("transcript")],
  ["turn", event("turn")],
  ["command", event("command")],
  ["reply", event("reply")],
  ["spoken", event("spoken")],
];

/** Between transcript and reply lie, on an idle machine, some 20 ms: turn stored and sent, decision, command, result. */
const RANDOM_ROUNDS = 22;
const RANDOM_MS = 40;

function kills(): Kill[] {
  const random = seededRandom(2);
  const steps = STEPS.flatMap(([when, fits]) =>
    (["node", "hub"] as const).map((victim) => ({ victim, when, fits, delayMs: 0 })),
  );
  const anywhere = Array.from({ length: RANDOM_ROUNDS }, (_, round) => ({
    victim: round % 2 === 0 ? ("node" as const) : ("hub" as const),
    when: "transcript",
    fits: event("transcript"),
    delayMs: Math.round(random.unit() * RANDOM_MS),
  }));
  const unread = (["turn", "recognising"] as const).map((when) => ({
    victim: "hub" as const,
    when,
    fits: when === "turn" ? event("turn") : pipeline(when),
    delayMs: 0,
    frozenFrom: pipeline("listening"),
  }));
  return [...steps, ...unread, ...anywhere];
}

const turnsOf = async (house: House): Promise<TurnRecord[]> =>
  (await house.call<{ turns: TurnRecord[] }>("barnacle.turns.list", { limit: 1000 })).turns;

/** Nothing is under way any more: every turn is at its end, the node listens to nobody and has nothing left to tell. */
const settled = (house: House): Promise<TurnRecord[]> =>
  house.eventually("rest", async () => {
    const pipeline = house.node?.lines.findLast((line) => line.part === "pipeline");
    if ((pipeline && pipeline.state !== "idle") || house.outbox().length > 0) return undefined;
    const turns = await turnsOf(house);
    const open = turns.some(({ status }) => status === "received" || status === "answering");
    return open ? undefined : turns;
  });

const lightOff = (house: House): Promise<true> =>
  house.eventually("a light that is off", async () => {
    const turn = await house.call<TurnRecord>("barnacle.ask", { text: "turn off the kitchen light" });
    return turn.ok ? true : undefined;
  });

interface Tally {
  done: number;
  failed: number;
  never: number;
}

async function round(t: T, house: House, microphone: ScriptedMicrophone, kill: Kill, tally: Tally): Promise<void> {
  const sentence = await readSpeechWav(KITCHEN_CLIP);
  await lightOff(house);
  const before = house.writes();
  const heard = house.node;
  if (!heard) throw new TypeError("no node");
  const from = heard.lines.length;
  microphone.say(sentence);
  if (kill.frozenFrom) {
    await heard.line("frozen", kill.frozenFrom, from);
    house.hub?.child.kill("SIGSTOP");
  }
  await heard.line(kill.when, kill.fits, from);
  if (kill.delayMs > 0) await pause(kill.delayMs);

  const promised = new Set<unknown>();
  if (kill.victim === "node") {
    await heard.kill();
    for (const { id, kind } of house.outbox()) if (kind === "turn") promised.add(id);
    await linkUp(house.startNode());
  } else {
    await house.hub?.kill();
    const seen = heard.lines.length;
    await house.startHub();
    await linkUp(heard, seen);
  }
  const turns = new Map((await settled(house)).map((turn) => [turn.turnId, turn]));

  const lines = heard.lines.slice(from);
  for (const line of lines) if (line.event === "turn" || line.event === "reply") promised.add(line.turnId);
  for (const id of promised) {
    const turn = turns.get(String(id));
    if (!turn) t.fail(`turn ${id} is lost`, { lines, hub: house.hub?.report() });
    else if (turn.status === "failed" && !turn.reason) t.fail("a failed turn says why", { turn });
  }
  const { turnId } = lines.find(event("wake")) ?? {};
  const turn = turns.get(String(turnId));
  const writes = house.writes() - before;
  if (writes > 1) t.fail(`the light was switched ${writes} times`, { lines, turn });
  const told =
    lines.some((line) => line.event === "command" && line.ok === true) || (turn?.status === "done" && turn.ok);
  if (told && (writes !== 1 || house.light() !== 1)) {
    t.fail(`a command that succeeded left the light ${house.light()} after ${writes} writes`, { lines, turn });
  }
  const executed = lines.filter(
    (line) => line.event === "command" && line.turnId === turnId && line.duplicate === false,
  );
  if (executed.length > 1) t.fail("the node executed the command twice", { executed });
  if (!turn) tally.never += 1;
  else if (turn.status === "done" && turn.ok) tally.done += 1;
  else tally.failed += 1;
  t.ok(
    t.passing(),
    `${kill.victim} killed ${kill.delayMs} ms after ${kill.when}${kill.frozenFrom ? ", frozen before" : ""}: turn ${outcomeOf(turn)}`,
  );
}

function outcomeOf(turn: TurnRecord | undefined): string {
  if (!turn) return "never reported";
  return turn.ok
    ? turn.status
    : `${turn.status}: ${turn.error?.code}: ${turn.reason ?? turn.error?.message ?? turn.reply}`;
}

t.test(
  "whoever is killed at whatever moment of a turn, both go on, nothing reported is lost, nothing runs twice",
  async (t) => {
    const dir = t.testdir();
    const microphone = new ScriptedMicrophone(`${dir}/microphone`);
    const house = new House(dir, { microphone: microphone.config });
    t.teardown(() => house.close());
    await house.open();
    await house.listening();
    const tally: Tally = { done: 0, failed: 0, never: 0 };
    for (const kill of kills()) await round(t, house, microphone, kill, tally);

    t.comment(`turns: ${JSON.stringify(tally)}`);
    t.ok(tally.done > 0, "some turns came to their end all the same");
    const turns = await turnsOf(house);
    t.equal(new Set(turns.map(({ turnId }) => turnId)).size, turns.length);
    t.match(await house.call("barnacle.audit.verify"), { ok: true });
    microphone.say(await readSpeechWav(KITCHEN_CLIP));
    const node = house.node;
    const from = node?.lines.length ?? 0;
    t.match(await node?.line("a last reply", event("spoken"), from), { spoken: true }, "and the house works on");
  },
);
