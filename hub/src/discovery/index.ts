export { Advertiser, type AdvertiserOptions, type MdnsResponder } from "./advertiser.ts";
export { type Announcement, type AnnouncementFacts, announcements } from "./announcement.ts";
