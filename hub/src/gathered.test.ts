import { FakeClock } from "@barnacle/protocol/runtime";
import t from "tap";
import { Gathered } from "./gathered.ts";

t.test("few hear of every change, many of the latest within a second", async (t) => {
  const clock = new FakeClock();
  let listeners = 50;
  let sent = 0;
  const news = new Gathered({ clock, listeners: () => listeners, send: () => sent++ });
  t.same([news.tell(), news.tell(), sent], [true, true, 2]);
  listeners = 51;
  t.same([news.tell(), news.tell(), sent], [false, false, 2], "just told");
  await clock.advance(999);
  t.equal(sent, 2);
  await clock.advance(1);
  t.equal(sent, 3, "both in one");
  await clock.advance(5000);
  t.same([news.tell(), sent], [true, 4], "after a pause at once again");
  news.tell();
  news.stop();
  await clock.advance(5000);
  t.equal(sent, 4, "nothing after a stop");
});
