import type { PageResponse } from "../requester/contract.ts";

export type ErrorAction =
  | "SUCCESS"
  | "FAIL"
  | "RETRY"
  | "IGNORE"
  | "RESET_PAGINATION"
  | "RATE_LIMITED"
  | "REFRESH_TOKEN_THEN_RETRY";

export interface Resolution {
  readonly action: ErrorAction;
  readonly failureType?: "system_error" | "config_error" | "transient_error" | undefined;
  readonly message?: string | undefined;
}

export interface ErrorHandler {
  /** Tries after the first. */
  readonly maxRetries: number;
  /** Seconds that all tries of one request may take together. */
  readonly maxSeconds: number;
  interpret(outcome: PageResponse | Error): Resolution;
  /** Seconds until the next try as its strategies say; null: the default ladder. */
  backoff(response: PageResponse | null, attempt: number): number | null;
}
