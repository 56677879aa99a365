import type { JsonObject } from "@weir/protocol";

/** What an authenticator adds to a request. */
export interface Credentials {
  readonly headers?: Readonly<Record<string, string>>;
  readonly params?: Readonly<Record<string, string>>;
  readonly bodyData?: Readonly<Record<string, string>>;
  readonly bodyJson?: JsonObject;
}

export interface Authenticator {
  /** Called before every request and every retry; fetches or renews a token where it must. */
  credentials(signal: AbortSignal): Promise<Credentials>;
  /** Called when a response asks for a new token (action REFRESH_TOKEN_THEN_RETRY); absent: there is nothing to renew. */
  renew?(signal: AbortSignal): Promise<void>;
}
