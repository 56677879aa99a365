import type { FencingToken } from "@weir/protocol";
import { WeirError } from "@weir/protocol";
import type { ConnectionDocument } from "./document.ts";

export const FENCED = "destination.fenced";

export interface TokenInput {
  /** The token the destination holds. */
  readonly theirs: FencingToken | null;
  readonly connection: ConnectionDocument | undefined;
  /** The last token this sync is known to have held. */
  readonly mine: FencingToken | undefined;
  /** The last token it asked for; the answer may be lost, or the call still on its way. */
  readonly asked: FencingToken | undefined;
  /** A refresh or a clear is asked for. */
  readonly anew: boolean;
}

/** The token of the next attempt: greater than any this sync asked for before. */
export function nextToken(input: TokenInput): FencingToken {
  const { mine, asked } = input;
  if (mine === undefined) return after(asked, firstToken(input));
  if (input.theirs !== null && isGreater(input.theirs, asked ?? mine)) throw surpassed();
  return after(asked, { sync: mine.sync, attempt: mine.attempt + 1 });
}

/** A sync whose process died goes on under its number, unless something else is asked for now. */
function firstToken({ theirs, connection, anew }: TokenInput): FencingToken {
  if (theirs === null) return { sync: 1, attempt: 1 };
  const ended = connection?.sync === theirs.sync && connection.status !== "running";
  return ended || anew
    ? { sync: theirs.sync + 1, attempt: 1 }
    : { sync: theirs.sync, attempt: theirs.attempt + 1 };
}

function after(asked: FencingToken | undefined, token: FencingToken): FencingToken {
  const again = asked !== undefined && !isGreater(token, asked);
  return again ? { sync: asked.sync, attempt: asked.attempt + 1 } : token;
}

export function isGreater(left: FencingToken, right: FencingToken): boolean {
  return left.sync > right.sync || (left.sync === right.sync && left.attempt > right.attempt);
}

function surpassed(): WeirError {
  return new WeirError({
    code: FENCED,
    message: "Another sync of this connection has started since.",
    next: "Let it finish; run only one sync of a connection at a time.",
    recovery: "stop",
    origin: "destination",
  });
}
