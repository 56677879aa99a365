export type { Services } from "./component.ts";
