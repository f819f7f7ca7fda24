import type { TaskList } from "../../tasks/index.ts";
import { type IntentHandler, speak, word } from "./context.ts";

const READ_AT_MOST = 5;

export const addShopping: IntentHandler = async (match, request, home) => {
  const text = word(match.slots, "item") ?? "";
  await home.tasks.add({ list: "shopping", text, turnId: request.turnId });
  return speak(match, `I added ${text} to the shopping list.`);
};

export const addTask: IntentHandler = async (match, request, home) => {
  const text = word(match.slots, "task") ?? "";
  await home.tasks.add({ list: "tasks", text, turnId: request.turnId });
  return speak(match, `I added the task: ${text}.`);
};

/** Kept as a note: nothing goes off, and the reply does not promise that it does. */
export const remind: IntentHandler = async (match, request, home) => {
  const text = word(match.slots, "task") ?? "";
  const due = word(match.slots, "day");
  await home.tasks.add({ list: "reminders", text, turnId: request.turnId, ...(due === undefined ? {} : { due }) });
  return speak(match, `I noted under reminders: ${text}${due === undefined ? "" : `, ${due}`}.`);
};

export const readShopping: IntentHandler = async (match, _request, home) =>
  speak(match, await readOut(["shopping"], "The shopping list is empty.", "On the shopping list", home));

export const readTasks: IntentHandler = async (match, _request, home) =>
  speak(match, await readOut(["tasks", "reminders"], "There are no tasks.", "Your tasks", home));

async function readOut(
  lists: readonly TaskList[],
  empty: string,
  title: string,
  home: Parameters<IntentHandler>[2],
): Promise<string> {
  const found = (await Promise.all(lists.map((list) => home.tasks.list(list)))).flat();
  if (found.length === 0) return empty;
  const last = found.slice(-READ_AT_MOST).map(({ text, due }) => (due === undefined ? text : `${text}, ${due}`));
  const more = found.length > READ_AT_MOST ? `, and ${found.length - READ_AT_MOST} more` : "";
  return `${title}: ${last.join("; ")}${more}.`;
}
