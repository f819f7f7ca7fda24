import type { MessageView } from "../../mail/index.ts";
import type { Style } from "../output.ts";
import type { Session } from "../session.ts";
import { oneLine, renderFields, type TableColumn } from "../table.ts";

/** In whose name mail is read and written: an agent's own, else that of the person everything is done for. */
export function identityOf({ io }: Session, given: string | undefined): string {
  return given ?? (io.env.BARNACLE_ACTOR || io.env.BD_ACTOR || "overseer");
}

export const MESSAGES: readonly TableColumn<MessageView>[] = [
  { title: "id", value: ({ id }) => id },
  {
    title: "state",
    value: ({ delivery_state, archived }) => (archived ? "archived" : delivery_state),
    paint: (text, { delivery_state }, style) => (delivery_state === "acked" ? style.dim(text) : text),
  },
  {
    title: "p",
    value: ({ priority }) => priority,
    paint: (text, { priority }, style) => (priority === "urgent" || priority === "high" ? style.red(text) : text),
  },
  { title: "from", value: ({ from }) => from },
  { title: "to", value: toText },
  { title: "time", value: ({ timestamp }) => timestamp.slice(0, 19) },
  {
    title: "subject",
    value: ({ subject }) => subject,
    paint: (text, { delivery_state }, style) => (delivery_state === "pending" ? style.bold(text) : text),
  },
];

export function messageText(message: MessageView, style: Style): string {
  const { delivery_acked_by: by, delivery_acked_at: at } = message;
  const fields = renderFields(
    [
      ["id", message.id],
      ["from", message.from],
      ["to", toText(message)],
      ["cc", message.cc.join(", ")],
      ["time", message.timestamp],
      ["type", message.type],
      ["priority", message.priority],
      ["thread", message.thread_id === message.id ? undefined : message.thread_id],
      ["answers", message.reply_to],
      ["claimed", [message.claimed_by, message.claimed_at].filter(Boolean).join(" ")],
      ["state", [message.delivery_state, by && `by ${by}`, at].filter(Boolean).join(" ")],
    ],
    style,
  );
  const body = message.body.trimEnd();
  const next =
    message.delivery_state === "delivered"
      ? style.dim(`It waits for your word: barnacle mail mark-read ${message.id}, archive or reply.`)
      : undefined;
  return [style.bold(oneLine(message.subject)), fields, ...(body === "" ? [] : [body]), ...(next ? [next] : [])].join(
    "\n\n",
  );
}

export function lineOf({ id, from, subject }: MessageView): string {
  return `${id}  ${from}: ${oneLine(subject)}`;
}

function toText({ to, queue, channel }: MessageView): string {
  return to ?? (queue === undefined ? `channel:${channel}` : `queue:${queue}`);
}
