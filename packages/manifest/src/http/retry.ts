import { WeirError } from "@weir/protocol";
import type { Services } from "../component.ts";
import type { ErrorHandler, Resolution } from "../components/error-handler/contract.ts";
import type { PageResponse } from "../components/requester/contract.ts";
import { exhausted, refused } from "./failures.ts";

export interface Attempted {
  readonly handler: ErrorHandler;
  readonly services: Services;
  readonly signal: AbortSignal;
  /** For messages: the method and the address without its query. */
  readonly request: string;
  /** One try; the first has number 1. */
  readonly attempt: (number: number) => Promise<PageResponse>;
  /** Asked for by REFRESH_TOKEN_THEN_RETRY. */
  readonly renew?: (() => Promise<void>) | undefined;
}

type Ladder = "strategy" | "limited" | "plain";

/** What one ladder of waits has used: a wait on an outer ladder starts the inner ones anew. */
interface Rung {
  tries: number;
  since: number;
}

/**
 * Sends until the handler is content. Each kind of wait has its own count of tries: waits that a strategy gave, waits
 * for a rate limit, and all others; a later kind starts the earlier ones anew. Waits on a rate limit have no limit of time.
 */
export async function sendWithRetries(work: Attempted): Promise<PageResponse | null | "reset"> {
  const { handler, services, signal } = work;
  const { clock, log } = services.context;
  const rungs = freshRungs(clock.now());
  for (let number = 1; ; number++) {
    signal.throwIfAborted();
    const outcome = await tried(work, number);
    const resolution = handler.interpret(outcome);
    const response = outcome instanceof Error ? null : outcome;
    switch (resolution.action) {
      case "SUCCESS":
        if (response === null) return null;
        return response;
      case "IGNORE":
        log("info", resolution.message ?? `${work.request} was ignored as the manifest says.`);
        return response;
      case "RESET_PAGINATION":
        return "reset";
      case "FAIL":
        throw refused(work.request, outcome, resolution);
      case "REFRESH_TOKEN_THEN_RETRY":
        await renewed(work);
        break;
      case "RETRY":
      case "RATE_LIMITED":
    }
    await clock.sleep(waitOf({ work, rungs, outcome, resolution, number }) * 1000, signal);
  }
}

async function tried(work: Attempted, number: number): Promise<PageResponse | Error> {
  try {
    return await work.attempt(number);
  } catch (error) {
    work.signal.throwIfAborted();
    if (error instanceof WeirError && error.failure.recovery === "retry") return error;
    throw error;
  }
}

async function renewed({ renew, services, signal }: Attempted): Promise<void> {
  try {
    await renew?.();
  } catch (error) {
    signal.throwIfAborted();
    const detail = error instanceof Error ? error.message : String(error);
    services.context.log("warn", `The token could not be renewed; the old one is tried again. ${detail}`);
  }
}

interface Wait {
  readonly work: Attempted;
  readonly rungs: Record<Ladder, Rung>;
  readonly outcome: PageResponse | Error;
  readonly resolution: Resolution;
  readonly number: number;
}

function freshRungs(now: number): Record<Ladder, Rung> {
  return {
    strategy: { tries: 0, since: now },
    limited: { tries: 0, since: now },
    plain: { tries: 0, since: now },
  };
}

/** Seconds to wait; fails when the ladder has no rung left. */
function waitOf({ work, rungs, outcome, resolution, number }: Wait): number {
  const { handler, services, request } = work;
  const { clock, log } = services.context;
  const given = handler.backoff(outcome instanceof Error ? null : outcome, number);
  const isLimited = resolution.action === "RATE_LIMITED";
  const ladder: Ladder = given ? "strategy" : isLimited ? "limited" : "plain";
  const rung = rungs[ladder];
  rung.tries += 1;
  const left = ladder === "limited" ? Infinity : handler.maxSeconds - (clock.now() - rung.since) / 1000;
  if (rung.tries > Math.max(0, handler.maxRetries) || left <= 0)
    throw exhausted(request, outcome, resolution);
  // A second more than a strategy says: what a server counts in whole seconds may be one short.
  const seconds = given ? given + 1 : Math.min(2 ** (rung.tries - 1), left);
  const next = freshRungs(clock.now() + seconds * 1000);
  if (ladder !== "strategy") rungs.strategy = next.strategy;
  if (ladder === "plain") rungs.limited = next.limited;
  log(isLimited ? "info" : "warn", `${request} is sent again in ${seconds} seconds${reasonOf(resolution)}`, {
    attempt: number,
    ...(isLimited ? { rateLimited: true } : {}),
  });
  return seconds;
}

function reasonOf({ message }: Resolution): string {
  return message === undefined || message === "" ? "." : `: ${message.slice(0, 500)}`;
}
