import type { JsonObject, JsonValue } from "@weir/protocol";
import type { Page } from "../components/paginator/contract.ts";
import type { PageResponse } from "../components/requester/contract.ts";

/** A page while its records go by. */
export class PageCount implements Page {
  readonly response: PageResponse;
  body: JsonValue = {};
  extracted = 0;
  kept = 0;
  lastRecord: JsonObject | null = null;

  constructor(response: PageResponse) {
    this.response = response;
  }

  emitted(records: readonly JsonObject[]): void {
    this.kept += records.length;
    this.lastRecord = records.at(-1) ?? this.lastRecord;
  }

  /** A body that passes by once has been read by then, and gives templates nothing. */
  async readBody(): Promise<void> {
    if (this.response.text === null) return;
    for await (const value of this.response.decoded()) {
      this.body = value;
      return;
    }
  }
}
