/** One HTTP exchange, without retries. Tests and playbacks pass their own. */
export interface Transport {
  /**
   * Sends one request and resolves when the response's head is there. Rejects with a WeirError: `http.unreachable`,
   * `http.timeout`, `http.reset` (all retry), `http.refused_address` (ask). Any status is a response. Redirects are followed inside.
   */
  send(request: OutgoingRequest, signal: AbortSignal): Promise<IncomingResponse>;
}

export interface OutgoingRequest {
  /** Upper case. */
  readonly method: string;
  /** Absolute, with its query. */
  readonly url: string;
  /** As they are sent; names as the manifest wrote them. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | Uint8Array | null;
}

export interface IncomingResponse {
  readonly status: number;
  /** Names in lower case; repeated headers joined by `, `. */
  readonly headers: Readonly<Record<string, string>>;
  /** Where the response came from, after redirects. */
  readonly url: string;
  /** Content-Encoding undone. Consumed once. */
  readonly body: AsyncIterable<Uint8Array>;
}
