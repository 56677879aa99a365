import type { IncomingResponse, OutgoingRequest } from "./transport.ts";

export interface StoredResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly url: string;
  readonly body: Uint8Array;
}

/** The store keeps this much of bodies; beyond it the oldest go and are asked for again. */
const MAX_BYTES = 128 * 1024 * 1024;

/** Responses of one source, for streams that are read by others too: the same request is sent once. */
export class ResponseStore {
  readonly #stored = new Map<string, StoredResponse>();
  #bytes = 0;

  get(request: OutgoingRequest): StoredResponse | undefined {
    return isStorable(request) ? this.#stored.get(keyOf(request)) : undefined;
  }

  put(
    request: OutgoingRequest,
    response: Pick<IncomingResponse, "status" | "headers" | "url">,
    body: Uint8Array,
  ): void {
    if (!isStorable(request) || response.status !== 200 || body.byteLength > MAX_BYTES) return;
    const { status, headers, url } = response;
    this.#stored.set(keyOf(request), { status, headers, url, body });
    this.#bytes += body.byteLength;
    for (const [key, oldest] of this.#stored) {
      if (this.#bytes <= MAX_BYTES) return;
      this.#stored.delete(key);
      this.#bytes -= oldest.body.byteLength;
    }
  }
}

function isStorable({ method }: OutgoingRequest): boolean {
  return method === "GET" || method === "HEAD";
}

function keyOf({ method, url, headers, body }: OutgoingRequest): string {
  const names = Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value] as const);
  const text = body === null || typeof body === "string" ? body : Buffer.from(body).toString("base64");
  return JSON.stringify([method, url, names.toSorted(([one], [other]) => (one < other ? -1 : 1)), text]);
}
