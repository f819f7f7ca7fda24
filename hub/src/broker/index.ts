export { bindFailure } from "./bind-failure.ts";
export { type BrokerLimits, MqttBroker, type MqttBrokerOptions } from "./broker.ts";
export { HubInbound } from "./inbound.ts";
export { MqttMessenger, type MqttMessengerOptions } from "./messenger.ts";
export { MqttLink, type MqttLinkEvents } from "./mqtt-link.ts";
