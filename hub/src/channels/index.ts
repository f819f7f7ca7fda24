export { HouseChannels, type HouseChannelsOptions } from "./channels.ts";
export { RoomsChannel } from "./rooms.ts";
export { type Speakers, type Spoken, speakInRooms } from "./speak.ts";
