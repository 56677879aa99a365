import type { JsonValue } from "@weir/protocol";
import type { Page } from "../paginator/contract.ts";

export interface PaginationStrategy {
  readonly pageSize: number | undefined;
  /** Whether `next` looks at the page's body. */
  readonly readsBody: boolean;
  initial(): JsonValue | undefined;
  next(page: Page, token: JsonValue | undefined): JsonValue | undefined;
}
