import { Events, silentLog } from "@barnacle/protocol/runtime";
import t from "tap";
import type { RunRequest, TurnRecord, VoiceTurns, WakeTarget } from "../services.ts";
import { Agents, type Runs, VoiceBridge } from "./index.ts";

const WAKE = { engine: "openwakeword", score: 1, latencyMs: 1 };

function turn(turnId: string, phrase: string | undefined): TurnRecord {
  return {
    ...{ turnId, source: "voice", deviceId: "k", room: "kitchen", startedAt: 1, status: "done", outcome: "transcript" },
    ...{ transcript: "what time is it", reply: "It is noon.", ok: true, commands: [], spans: [] },
    ...(phrase === undefined ? {} : { wake: { ...WAKE, phrase } }),
  } as TurnRecord;
}

t.test("what is said after a wake phrase stands in the session that the phrase leads to", async (t) => {
  const targets: Readonly<Record<string, WakeTarget>> = {
    "hey chef": { agentId: "chef" },
    "hey diary": { sessionKey: "agent:main:diary" },
    "hey jarvis": { mode: "current" },
  };
  const entered: RunRequest[] = [];
  const voice: Pick<VoiceTurns, "events" | "list"> = { events: new Events(), list: async () => [] };
  const runs = {
    start: async (request: RunRequest) => {
      entered.push(request);
      return { runId: request.runId };
    },
    wait: async () => ({ status: "ok", text: "soup" }),
    enter: async (request: RunRequest) => void entered.push(request),
  };
  const bridge = new VoiceBridge({
    ...{ voice, runs: runs as unknown as Runs, agents: new Agents({ profiles: [], hubName: "Test" }) },
    ...{ rooms: { kitchen: "room" }, answersFreely: true, log: silentLog },
    wakeTarget: (phrase) => targets[phrase ?? ""] ?? { mode: "current" },
  });
  await bridge.start();
  t.teardown(() => bridge.stop());
  for (const [i, phrase] of ["hey chef", "hey diary", "hey jarvis", undefined].entries()) {
    voice.events.emit("updated", { turn: turn(`t${i}`, phrase) });
  }
  await bridge.answer(turn("t9", "hey chef"), { kind: "voice", id: "k" });
  t.same(
    entered.map(({ sessionKey }) => sessionKey),
    [
      ...["agent:chef:main", "agent:main:diary", "agent:main:room:kitchen", "agent:main:room:kitchen"],
      "agent:chef:main",
    ],
  );
});
