import type { PageResponse } from "../requester/contract.ts";

export interface BackoffStrategy {
  /**
   * Seconds to wait before try `attempt` + 1, the first being 1; null: this strategy has no opinion. `response` is null
   * when the request failed without one.
   */
  seconds(response: PageResponse | null, attempt: number): number | null;
}
