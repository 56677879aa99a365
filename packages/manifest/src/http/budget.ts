import type { Services } from "../component.ts";
import type { IncomingResponse, OutgoingRequest } from "./transport.ts";

/** How many calls a source may make. One for all requesters of a source, under `once("api-budget")`. */
export interface ApiBudget {
  /** Waits until the request may be sent. */
  acquire(request: OutgoingRequest, services: Services, signal: AbortSignal): Promise<void>;
  /** Learns from what the API says about calls left. */
  update(request: OutgoingRequest, response: Pick<IncomingResponse, "status" | "headers">, now: number): void;
}

export const NO_BUDGET: ApiBudget = {
  acquire: () => Promise.resolve(),
  update: () => undefined,
};
