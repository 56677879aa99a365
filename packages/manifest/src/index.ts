export type { Component, Node, Scope, Services } from "./component.ts";
export { defineComponent } from "./component.ts";
export type { IncomingResponse, OutgoingRequest, Transport } from "./http/transport.ts";
export type { ManifestSourceOptions } from "./source.ts";
export { manifestSource } from "./source.ts";
