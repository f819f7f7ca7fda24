import { oneOf } from "../../household/index.ts";
import { type HomeContext, type IntentHandler, speak } from "./context.ts";
import { labelOf } from "./steps.ts";

export const status: IntentHandler = (match, _request, home) => {
  const nodes = home.devices.list().filter((device) => device.manifest !== undefined && !device.blocked);
  const away = nodes.filter((node) => !node.online).map((node) => node.displayName);
  const timers = home.timers.running().length;
  const running = timers === 0 ? "" : ` ${timers} timer${timers === 1 ? " is" : "s are"} running.`;
  return speak(match, `${nodesText(nodes.length, away)}${running}`);
};

export const help: IntentHandler = (match, _request, home) => {
  const examples = ["what time is it", "set a timer for ten minutes", ...thingExamples(home), "never mind"];
  return speak(match, `You can say, for example: ${oneOf(examples)}.`);
};

/** Whoever can be heard may stop everything. Lifting it needs an administrator, and is nothing to be said aloud. */
export const emergencyStop: IntentHandler = async (match, request, home) => {
  if (!home.estop) return speak(match, "There is nothing here that could be stopped.");
  const { principal } = request;
  const who = principal.kind === "voice" && principal.room ? `somebody in the ${principal.room}` : principal.name;
  const { changed } = await home.estop.pull({ who: who ?? principal.id, reason: request.text, principal });
  return speak(match, changed ? "Emergency stop. Everything stands still." : "Everything stands still already.");
};

export const cancel: IntentHandler = (match) => speak(match, "All right.");

function nodesText(count: number, away: readonly string[]): string {
  if (count === 0) return "I am well, but no node is paired yet.";
  if (away.length === 0) return `All is well. ${count === 1 ? "The one node is" : `All ${count} nodes are`} connected.`;
  if (away.length === count)
    return count === 1 ? `The node ${away[0]} is not connected.` : "None of the nodes is connected.";
  return `${away.length} of ${count} nodes ${away.length === 1 ? "is" : "are"} not connected: ${oneOf(away, "and")}.`;
}

function thingExamples(home: HomeContext): string[] {
  const appliances = home.household.appliances();
  const switchable = appliances.find((one) => one.actions.on);
  const lockable = appliances.find((one) => one.actions.lock);
  return [
    ...(switchable ? [`turn on ${labelOf(switchable)}`] : []),
    ...(lockable ? [`lock ${labelOf(lockable)}`] : []),
  ];
}
