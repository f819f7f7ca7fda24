import { Events } from "@barnacle/protocol/runtime";
import type { Supervisor } from "@barnacle/protocol/supervisor";
import t from "tap";
import type { NodeEventMap } from "../events.ts";
import { superviseNode } from "./service.ts";

t.test("the service manager hears of hub and microphone, and of ailments once the node is ready", async (t) => {
  const told: string[] = [];
  let ailing: (() => string | undefined) | undefined;
  const supervisor: Supervisor = {
    ready: (status) => told.push(`ready: ${status}`),
    status: (text) => told.push(text),
    watch: (reason) => {
      ailing = reason;
    },
    stopping: () => told.push("stopping"),
  };
  const events = new Events<NodeEventMap>();
  const service = superviseNode({ events, ailment: () => "hangs" }, supervisor);
  events.emit("state", { part: "agent", state: "starting" });
  events.emit("state", { part: "microphone", state: "running" });
  t.same(told, []);
  service.ready();
  t.equal(ailing?.(), "hangs");
  events.emit("state", { part: "link", state: "pending", command: "barnacle devices approve r1" });
  events.emit("state", { part: "pipeline", state: "listening" });
  events.emit("state", { part: "link", state: "online" });
  events.emit("state", { part: "microphone", state: "lost", reason: "unplugged" });
  service.stopping();
  events.emit("state", { part: "microphone", state: "stopped" });
  t.same(told, [
    "ready: microphone running",
    "microphone running; hub pending (barnacle devices approve r1)",
    "microphone running; hub online",
    "microphone lost (unplugged); hub online",
    "stopping",
  ]);
});
