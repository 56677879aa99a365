import { type JsonObject, type JsonValue, WeirError } from "@weir/protocol";
import type { Scope } from "../component.ts";
import { valueAt, withValueAt } from "./config-path.ts";
import { instantOf, instantText } from "./instant.ts";
import { floatOf } from "./numbers.ts";
import { textOf } from "./text.ts";
import { findKey } from "./token-request.ts";

/** Where a token and what belongs to it is kept between uses. */
export interface TokenKeep {
  accessToken(): string | null;
  refreshToken(): string | null;
  /** Milliseconds since 1970. */
  expiresAt(): number;
  put(token: NewToken): Promise<void>;
}

export interface NewToken {
  readonly accessToken: string;
  /** Null: the answer held none, the old one stays. */
  readonly refreshToken: string | null;
  readonly expiresAt: number;
}

/** A token that lives as long as the source's session. */
export function keepInMemory(first: {
  readonly accessToken: string | null;
  readonly expiresAt: number;
  readonly refreshToken: () => string | null;
}): TokenKeep {
  let { accessToken, expiresAt } = first;
  return {
    accessToken: () => accessToken,
    refreshToken: first.refreshToken,
    expiresAt: () => expiresAt,
    put: (token) => {
      ({ accessToken, expiresAt } = token);
      return Promise.resolve();
    },
  };
}

export interface ConfigPaths {
  readonly accessToken: readonly string[];
  readonly refreshToken: readonly string[];
  readonly expiresAt: readonly string[];
}

/** A token in the configuration: a new one is kept durably before it is used. */
export function keepInConfig(paths: ConfigPaths, scope: Scope): TokenKeep {
  const kept = scope.once<{ config: JsonObject }>("rotated-config", () => ({ config: scope.config }));
  const { clock, rotate } = scope.services.context;
  const text = (path: readonly string[]): string => textOf(valueAt(kept.config, path) ?? "");
  return {
    accessToken: () => text(paths.accessToken),
    refreshToken: () => text(paths.refreshToken),
    expiresAt: () => {
      const expiry = text(paths.expiresAt);
      return expiry === "" ? clock.now() - 86_400_000 : expiryOf(expiry);
    },
    put: async (token) => {
      const values: readonly (readonly [readonly string[], JsonValue])[] = [
        [paths.accessToken, token.accessToken],
        ...(token.refreshToken === null ? [] : [[paths.refreshToken, token.refreshToken] as const]),
        [paths.expiresAt, instantText(token.expiresAt)],
      ];
      const config = values.reduce((whole, [path, value]) => withValueAt(whole, path, value), kept.config);
      await rotate?.(config);
      kept.config = config;
    },
  };
}

/** A moment of expiry as a configuration or an answer writes it. */
export function expiryOf(text: string): number {
  const instant = instantOf(text);
  if (instant !== null) return instant;
  throw new WeirError({
    code: "http.token_expiry",
    message: "The moment when the access token expires cannot be read as a date.",
    next: "Correct the token's expiry date in the configuration, or leave it empty.",
    recovery: "ask",
    origin: "source",
  });
}

const DEFAULT_LIFE = 3_600_000;

export interface AnswerNames {
  readonly accessToken: string;
  readonly refreshToken: string | null;
  readonly expiresIn: string;
  /** The answer says when the token expires, not how long it lives. */
  readonly isMoment: boolean;
}

/** What an answer of a token endpoint holds. */
export function tokenOf(answer: JsonValue, names: AnswerNames, keep: TokenKeep, now: number): NewToken {
  const accessToken = findKey(answer, names.accessToken);
  if (accessToken === undefined || accessToken === null || accessToken === "")
    throw new WeirError({
      code: "http.token",
      message: `The answer of the token endpoint has no "${names.accessToken}".`,
      next: "Check the credentials, and access_token_name in the manifest.",
      recovery: "ask",
      origin: "source",
    });
  const refreshToken = names.refreshToken === null ? undefined : findKey(answer, names.refreshToken);
  return {
    accessToken: textOf(accessToken),
    refreshToken: refreshToken === undefined || refreshToken === null ? null : textOf(refreshToken),
    expiresAt: lifeOf(findKey(answer, names.expiresIn), names.isMoment, keep, now),
  };
}

function lifeOf(value: JsonValue | undefined, isMoment: boolean, keep: TokenKeep, now: number): number {
  if (value === undefined || value === null) {
    const known = keep.accessToken() === null ? 0 : keep.expiresAt();
    return known >= now ? known : now + DEFAULT_LIFE;
  }
  if (isMoment) return expiryOf(textOf(value));
  const seconds = floatOf(textOf(value));
  if (seconds !== null) return now + Math.trunc(seconds) * 1000;
  return expiryOf("");
}
