import type { Plan, Responder, TurnRequest } from "../plan.ts";
import * as appliances from "./appliances.ts";
import * as climate from "./climate.ts";
import type { HomeContext, IntentHandler } from "./context.ts";
import * as day from "./day.ts";
import * as house from "./house.ts";
import * as lists from "./lists.ts";
import * as media from "./media.ts";
import * as talk from "./talk.ts";
import * as timers from "./timers.ts";

/** Every intent of the home sentences with what answers it; a test holds the two against each other. */
export const HANDLERS: Readonly<Record<string, IntentHandler>> = {
  "appliance.act": appliances.act,
  "appliance.set": appliances.set,
  "appliance.color": appliances.color,
  "appliance.alloff": appliances.allOff,
  "appliance.lights": appliances.lights,
  "appliance.state": appliances.state,
  "appliance.unknown": appliances.unknown,
  "scene.start": appliances.scene,
  "media.play": media.play,
  "media.volume": media.volume,
  "climate.change": climate.change,
  "climate.set": climate.set,
  "climate.read": climate.read,
  "timer.start": timers.start,
  "timer.cancel": timers.cancel,
  "timer.left": timers.left,
  "alarm.cancel": timers.cancelAlarm,
  "clock.time": day.time,
  "clock.date": day.date,
  "calendar.read": day.calendar,
  "message.read": day.readMessages,
  "message.send": day.sendMessage,
  "shopping.add": lists.addShopping,
  "shopping.read": lists.readShopping,
  "task.add": lists.addTask,
  "task.remind": lists.remind,
  "task.read": lists.readTasks,
  announce: talk.announce,
  say: talk.say,
  status: house.status,
  estop: house.emergencyStop,
  help: house.help,
  cancel: house.cancel,
};

/** Answers what the home sentences cover. */
export class HomeResponder implements Responder {
  readonly #home: HomeContext;

  constructor(home: HomeContext) {
    this.#home = home;
  }

  understands(text: string): boolean {
    return this.#home.household.language().match(text) !== undefined;
  }

  async plan(request: TurnRequest): Promise<Plan | undefined> {
    const match = this.#home.household.language().match(request.text);
    return match && HANDLERS[match.intent]?.(match, request, this.#home);
  }
}
