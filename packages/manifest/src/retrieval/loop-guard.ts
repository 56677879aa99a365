import { createHash } from "node:crypto";
import { type JsonValue, stringifyJson, WeirError } from "@weir/protocol";
import type { PageResponse } from "../components/requester/contract.ts";

/** Tokens remembered of one slice; with more, the oldest are forgotten. */
const MAX_TOKENS = 100_000;

/**
 * Notices pagination that turns in a circle: a token that came before, answered by the very page that it had brought. Either
 * alone is legal: pages may be alike, and a token may be asked again until there is more. Pages are looked at only once a
 * token repeats.
 */
export class LoopGuard {
  readonly #stream: string;
  readonly #pages = new Map<string, string | null>();

  constructor(stream: string) {
    this.#stream = stream;
  }

  /** Fails with `manifest.pagination_loop`. */
  check(token: JsonValue | undefined, response: PageResponse): void {
    if (token === undefined) return;
    const key = stringifyJson(token);
    const known = this.#pages.get(key);
    if (known === undefined) {
      this.#remember(key);
      return;
    }
    if (response.text === null) return;
    const page = createHash("sha1").update(response.text).digest("base64");
    if (known === page) throw loop(this.#stream);
    this.#pages.set(key, page);
  }

  #remember(key: string): void {
    if (this.#pages.size >= MAX_TOKENS) {
      const [oldest] = this.#pages.keys();
      if (oldest !== undefined) this.#pages.delete(oldest);
    }
    this.#pages.set(key, null);
  }
}

function loop(stream: string): WeirError {
  return new WeirError({
    code: "manifest.pagination_loop",
    message: `Pagination of stream ${stream} turns in a circle: the same token brought the same page again.`,
    next: "Give the paginator a stop_condition that holds on the last page.",
    recovery: "stop",
    origin: "source",
    stream,
  });
}
