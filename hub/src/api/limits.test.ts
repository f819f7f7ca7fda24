import { Writable } from "node:stream";
import { FakeClock } from "@barnacle/protocol/runtime";
import type { FastifyReply, FastifyRequest } from "fastify";
import t from "tap";
import { Bearer } from "./bearer.ts";
import { contentOf } from "./content.ts";
import { EventStream } from "./sse.ts";

function request(token: string, remoteAddress: string): FastifyRequest {
  const socket = { remoteAddress, setTimeout: () => {} };
  return { headers: { authorization: `Bearer ${token}` }, socket, raw: { socket } } as unknown as FastifyRequest;
}

t.test("who guessed too often is not looked at, so that guessing leads nowhere", async (t) => {
  const clock = new FakeClock();
  const bearer = new Bearer({ secrets: ["right"], clock });
  const ask = (token: string, address = "10.0.0.9") => bearer.refusal(request(token, address));
  t.equal(ask("right"), undefined);
  while (ask("wrong") === 0);
  t.ok(Number(ask("right")) > 0, "the right one among the guesses does not show");
  t.equal(ask("right", "10.0.0.10"), undefined, "others are served");
  await clock.advance(60_000);
  t.equal(ask("right"), undefined);
  while (ask("wrong", "127.0.0.1") === 0);
  t.equal(ask("right", "127.0.0.1"), undefined, "programs of this machine do not lock each other out");
});

t.test("a caller that reads nothing is let go when too much waits for it", async (t) => {
  const response = new Writable({ write: () => {} });
  const raw = Object.assign(response, { writeHead: () => {}, flushHeaders: () => {} });
  let gone = 0;
  const reply = { hijack: () => {}, raw } as unknown as FastifyReply;
  const events = new EventStream(request("x", "10.0.0.9"), reply, () => gone++);
  const closed = new Promise((resolve) => response.once("close", resolve));
  for (let i = 0; i < 6 && !response.destroyed; i++) events.send("x".repeat(1024 * 1024));
  t.ok(response.destroyed);
  await closed;
  t.equal(gone, 1, "its run is ended");
  events.send("more");
  events.end();
});

t.test("a part of a message that is no object is the caller's mistake", async (t) => {
  for (const content of [[null], [5], ["text"]]) t.throws(() => contentOf(content), { code: "INPUT_INVALID" });
});
