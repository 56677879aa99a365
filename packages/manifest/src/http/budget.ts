import { type JsonValue, WeirError } from "@weir/protocol";
import type { Node, Scope, Services } from "../component.ts";
import { type CallRate, fixedWindow, movingWindow, UNLIMITED } from "./call-rate.ts";
import { durationSeconds, numberTemplate } from "./numbers.ts";
import { type RequestMatcher, requestMatcher } from "./request-matcher.ts";
import { textOf } from "./text.ts";
import type { IncomingResponse, OutgoingRequest } from "./transport.ts";

/** How many calls a source may make. One for all requesters of a source, under `once("api-budget")`. */
export interface ApiBudget {
  /** Waits until the request may be sent. */
  acquire(request: OutgoingRequest, services: Services, signal: AbortSignal): Promise<void>;
  /** Learns from what the API says about calls left. */
  update(request: OutgoingRequest, response: Pick<IncomingResponse, "status" | "headers">, now: number): void;
}

export const NO_BUDGET: ApiBudget = {
  acquire: () => Promise.resolve(),
  update: () => undefined,
};

interface Policy {
  readonly matchers: readonly RequestMatcher[];
  readonly rate: CallRate;
  readonly limit: number;
}

/** A manifest's `api_budget`, a node of type HTTPAPIBudget. To be put under `once("api-budget")` before streams are built. */
export function apiBudget(node: Node, scope: Scope): ApiBudget {
  const policies = listOf(node["policies"]).map((policy) => policyOf(policy as Node, scope));
  const resetHeader = headerName(node["ratelimit_reset_header"], "ratelimit-reset");
  const leftHeader = headerName(node["ratelimit_remaining_header"], "ratelimit-remaining");
  const hits = new Set(listOf(node["status_codes_for_ratelimit_hit"] ?? [429]).map(Number));
  const policyFor = (request: OutgoingRequest): Policy | undefined =>
    policies.find(
      ({ matchers }) => matchers.length === 0 || matchers.some((matcher) => matcher.matches(request)),
    );
  return {
    acquire: async (request, { context }, signal) => {
      const policy = policyFor(request);
      if (policy === undefined) return;
      const weight = policy.matchers.find((matcher) => matcher.matches(request))?.weight ?? 1;
      if (weight > policy.limit) throw tooHeavy();
      let now = context.clock.now();
      for (;;) {
        const wait = policy.rate.take(weight, now);
        if (wait === 0) return;
        context.log("debug", `The budget of calls is used up; waiting ${Math.ceil(wait / 1000)} seconds.`);
        await context.clock.sleep(wait, signal);
        // A clock that stands still, as in playbacks, has waited all the same.
        now = Math.max(context.clock.now(), now + wait);
      }
    },
    update: (request, { status, headers }, now) => {
      const reset = wholeNumber(headers[resetHeader]);
      const left = wholeNumber(headers[leftHeader]) ?? (hits.has(status) ? 0 : null);
      policyFor(request)?.rate.learn(left, reset === null ? null : reset * 1000, now);
    },
  };
}

function policyOf(node: Node, scope: Scope): Policy {
  const matchers = listOf(node["matchers"]).map((matcher) => requestMatcher(matcher as Node, scope));
  const now = scope.services.context.clock.now();
  if (node.type === "UnlimitedCallRatePolicy") return { matchers, rate: UNLIMITED, limit: Infinity };
  if (node.type === "FixedWindowCallRatePolicy") {
    const limit = count(node["call_limit"], node, scope);
    return { matchers, rate: fixedWindow(limit, milliseconds(node["period"]), now), limit };
  }
  const rates = listOf(node["rates"]).map((rate) => {
    const { limit, interval } = rate as Node;
    return { limit: count(limit, node, scope), interval: milliseconds(interval) };
  });
  return { matchers, rate: movingWindow(rates), limit: Math.min(...rates.map(({ limit }) => limit)) };
}

function listOf(value: JsonValue | undefined): readonly JsonValue[] {
  return Array.isArray(value) ? (value as readonly JsonValue[]) : [];
}

function count(value: JsonValue | undefined, node: Node, scope: Scope): number {
  return numberTemplate(value as number | string, node, scope)() ?? 0;
}

function milliseconds(value: JsonValue | undefined): number {
  return durationSeconds(textOf(value)) * 1000;
}

function headerName(value: JsonValue | undefined, usual: string): string {
  return typeof value === "string" && value !== "" ? value.toLowerCase() : usual;
}

function wholeNumber(text: string | undefined): number | null {
  return text !== undefined && /^\s*[-+]?\d{1,15}\s*$/.test(text) ? Number(text) : null;
}

function tooHeavy(): WeirError {
  return new WeirError({
    code: "manifest.budget",
    message: "A request counts as more calls than the API budget ever allows.",
    next: "Correct the weights or limits of api_budget in the manifest.",
    recovery: "stop",
    origin: "source",
  });
}
