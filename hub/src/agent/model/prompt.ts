import type { JsonObject } from "@barnacle/protocol/schema";
import type { TranscriptMessage } from "../../services.ts";
import { textOf } from "../../sessions/index.ts";
import type { Ask } from "../responder.ts";
import type { Model } from "./models.ts";

/** Looked at of a conversation, at most. */
export const HISTORY = 80;
const CHARS_PER_TOKEN = 3;
/** Part of the context that the conversation may take; the rest is for tools and the answer. */
const SHARE = 0.6;

export interface PromptFacts {
  readonly rooms: readonly string[];
  readonly systemPrompt?: string | undefined;
  /** As people read it: `Tuesday, 24 November 2026, 21:50`. */
  readonly now: string;
}

/** The messages of a request: who the agent is, the conversation as far as it fits, and what was said now. */
export function promptOf(ask: Ask, model: Model, facts: PromptFacts): JsonObject[] {
  const system = systemText(ask, facts);
  const said = userText(ask);
  const budget = (model.contextTokens ?? 8000) * CHARS_PER_TOKEN * SHARE - system.length - said.length;
  const images = model.images ? ask.attachments.filter(({ mimeType }) => mimeType.startsWith("image/")) : [];
  const content =
    images.length === 0
      ? said
      : [
          { type: "text", text: said },
          ...images.map(({ mimeType, content }) => ({
            type: "image_url",
            image_url: { url: `data:${mimeType};base64,${content}` },
          })),
        ];
  return [
    { role: "system", content: system },
    ...conversation(ask.history(HISTORY), budget),
    { role: "user", content },
  ];
}

function systemText(ask: Ask, { rooms, systemPrompt, now }: PromptFacts): string {
  const { agent, source, room } = ask;
  return [
    agent.systemPrompt ?? systemPrompt ?? `You are ${agent.name}, the assistant of a home. Be brief and concrete.`,
    `It is ${now}.`,
    rooms.length > 0 ? `Rooms of the home: ${rooms.join(", ")}.` : "",
    room === undefined ? "" : `The person is in the ${room}.`,
    source === "voice" ? "Your answer is read aloud: one to three short sentences, no lists, no markup, no emoji." : "",
    "Do not claim to have done something in the home unless a tool said that it was done.",
    ask.extraSystemPrompt ?? "",
  ]
    .filter((line) => line !== "")
    .join("\n");
}

function userText({ message, notes, attachments }: Ask): string {
  const files = attachments.length === 0 ? [] : [`[${attachments.length} attachment(s)]`];
  return [...notes.map((note) => `[System: ${note}]`), ...files, message].join("\n");
}

/** The newest part that fits. Results of tools go along with their calls, or not at all. */
function conversation(history: readonly TranscriptMessage[], budget: number): JsonObject[] {
  const groups: JsonObject[][] = [];
  for (const { message } of history) {
    if (message.role === "user") groups.push([{ role: "user", content: textOf(message) }]);
    else if (message.role === "assistant") groups.push(assistant(message));
    else if (message.role === "toolResult") {
      const group = groups.at(-1);
      const calls = group?.[0]?.tool_calls as { id: string }[] | undefined;
      if (calls?.some(({ id }) => id === message.toolCallId)) {
        group?.push({ role: "tool", tool_call_id: message.toolCallId ?? "", content: textOf(message) });
      }
    }
  }
  const whole = groups.filter((group) => group.length > 0 && complete(group));
  const kept: JsonObject[] = [];
  let left = budget;
  for (const group of whole.reverse()) {
    left -= JSON.stringify(group).length;
    if (left < 0) break;
    kept.unshift(...group);
  }
  return kept;
}

function assistant(message: JsonObject): JsonObject[] {
  if (message.errorMessage !== undefined) return [];
  const parts = Array.isArray(message.content) ? (message.content as JsonObject[]) : [];
  const calls = parts
    .filter((part) => part.type === "toolCall")
    .map(({ id, name, arguments: args }) => ({
      ...{ id: String(id), type: "function" },
      function: { name: String(name), arguments: JSON.stringify(args ?? {}) },
    }));
  const content = textOf(message);
  if (content === "" && calls.length === 0) return [];
  return [{ role: "assistant", content, ...(calls.length > 0 ? { tool_calls: calls } : {}) }];
}

function complete(group: readonly JsonObject[]): boolean {
  const calls = group[0]?.tool_calls;
  return !Array.isArray(calls) || calls.length === group.length - 1;
}
