import { BarnacleError } from "@barnacle/protocol/errors";
import type { RunAttachment } from "../services.ts";

const MAX_PICTURE = 5_000_000;

/** Text and pictures of a message, in the forms of both of OpenAI's interfaces. @throws INPUT_INVALID */
export function contentOf(content: unknown): { text: string; attachments: RunAttachment[] } {
  if (typeof content === "string") return { text: content, attachments: [] };
  if (!Array.isArray(content)) return { text: "", attachments: [] };
  const texts: string[] = [];
  const attachments: RunAttachment[] = [];
  for (const part of content as unknown[]) {
    if (typeof part !== "object" || part === null)
      throw new BarnacleError("INPUT_INVALID", "content: a part is no object");
    const { type, text, image_url: image } = part as Record<string, unknown>;
    if (typeof text === "string") texts.push(text);
    else if (type === "image_url" || type === "input_image") attachments.push(picture(image));
    else if (type !== undefined) {
      throw new BarnacleError("INPUT_INVALID", `content: parts of type ${String(type).slice(0, 40)} are not taken`);
    }
  }
  return { text: texts.join("\n"), attachments };
}

/** What was said before, for a session that has not heard it. */
export function transcriptOf(messages: readonly { role: string; content?: unknown }[]): string {
  if (messages.length === 0) return "";
  const lines = messages.map(({ role, content }) => `${role}: ${contentOf(content).text}`);
  return `Earlier in this conversation:\n${lines.join("\n")}`;
}

function picture(given: unknown): RunAttachment {
  const url = typeof given === "object" && given !== null ? (given as { url?: unknown }).url : given;
  const [, mimeType, content] = /^data:(image\/[a-z+.-]+);base64,([A-Za-z0-9+/=\s]+)$/.exec(String(url)) ?? [];
  // Fetching an address that a stranger names would let the hub be used to look into the home's network.
  if (!mimeType || !content) {
    throw new BarnacleError("INPUT_INVALID", "content: pictures are taken as data:image/…;base64 addresses");
  }
  if (content.length > (MAX_PICTURE * 4) / 3)
    throw new BarnacleError("INPUT_INVALID", "content: a picture is too large");
  return { mimeType, content };
}
