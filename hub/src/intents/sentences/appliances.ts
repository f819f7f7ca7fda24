import { type IntentFamily, shortTarget, target } from "./family.ts";

/** Things in the home: switching, levels, doors and blinds, locks, scenes, and asking how they are. */
export const appliances: IntentFamily = {
  rules: {
    thing: target("thing"),
    dimmable: target("dimmable"),
    light: target("light"),
    openable: target("openable"),
    lockable: target("lockable"),
    thing_there: shortTarget("thing"),
    dimmable_there: shortTarget("dimmable"),
    light_there: shortTarget("light"),
    openable_there: shortTarget("openable"),
    lockable_there: shortTarget("lockable"),
    where: "(in the {room}|{area})",
  },
  intents: [
    {
      intent: "appliance.act",
      say: [
        "{switch_verb:action} <thing>",
        "turn <thing_there> {on_off:action}",
        "{run_verb:action} <thing>",
        "{open_verb:action} <openable>",
        "{lock_verb:action} <lockable_there>",
      ],
      type: [
        "(turn|switch) <thing> {on_off:action}",
        "{lock_verb:action} <lockable>",
        "(put|power) {on_off:action} <thing>",
        "(put|power|get) <thing> {on_off:action}",
        "<thing> {on_off:action}",
      ],
    },
    { intent: "appliance.act", say: [], type: ["(shut|shut down) <openable>"], slots: { action: "close" } },
    { intent: "appliance.act", say: [], type: ["(resume|continue|run) <thing>"], slots: { action: "start" } },
    {
      intent: "appliance.set",
      say: ["set <dimmable_there> to {percent} percent", "dim <light_there> to {percent} percent"],
      type: [
        "set <dimmable> to {percent} percent",
        "(turn|put|bring) <dimmable> (up|down) to {percent} [percent]",
        "(turn|put|make) <dimmable> [to] {percent} percent",
        "(dim|brighten|set) <dimmable> to {percent} [percent]",
        "<dimmable> [to] {percent} percent",
      ],
    },
    {
      intent: "appliance.set",
      say: ["dim <light_there>"],
      type: ["(lower|turn down|dim) <light>"],
      slots: { percent: 30 },
    },
    {
      intent: "appliance.set",
      say: ["brighten <light_there>"],
      type: ["(raise|turn up|brighten) <light>"],
      slots: { percent: 100 },
    },
    {
      intent: "appliance.color",
      say: ["make <light> {color}"],
      type: ["(turn|set|change|switch) <light> [to] {color}"],
    },
    {
      intent: "appliance.alloff",
      say: ["turn everything off [<where>]", "turn off everything [<where>]"],
      type: [
        "(switch|shut) everything off [<where>]",
        "(switch|shut) off everything [<where>]",
        "everything off [<where>]",
      ],
    },
    {
      intent: "appliance.lights",
      say: ["(turn|switch) {on_off:action} all the lights [<where>]", "turn all the lights {on_off:action} [<where>]"],
      type: [
        "(turn|switch) {on_off:action} (all|every one of) lights <where>",
        "(turn|switch) {on_off:action} lights {area}",
        "switch all the lights {on_off:action} [<where>]",
        "all lights {on_off:action} [<where>]",
      ],
    },
    {
      intent: "appliance.state",
      say: [
        "is <lockable_there> {lock_state:state}",
        "is <openable_there> {open_state:state}",
        "is <thing_there> {on_off:state}",
      ],
      type: [
        "(is|are) <lockable> {lock_state:state}",
        "(is|are) <thing> {on_off:state}",
        "(is|are) <openable> {open_state:state}",
        "is the {thing:name} {on_off:state} in the {room}",
        "are the {thing:name} {on_off:state} in the {room}",
      ],
    },
    {
      intent: "appliance.unknown",
      say: [],
      type: [
        "(turn|switch) (on|off) the {anything:name}",
        "(turn|switch) the {anything:name} (on|off)",
        "(open|close|lock|unlock|start|stop|pause|dim) the {anything:name}",
      ],
    },
    {
      intent: "scene.start",
      say: ["run the {scene:name} scene"],
      type: ["(start|activate|set) [the] {scene:name} [scene]", "{scene:name} scene", "{scene:name}"],
    },
  ],
};
