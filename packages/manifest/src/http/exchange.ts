import type { Scope } from "../component.ts";
import type { Decoder } from "../components/decoder/contract.ts";
import type { PageResponse } from "../components/requester/contract.ts";
import { type ApiBudget, NO_BUDGET } from "./budget.ts";
import { ResponseStore } from "./cache.ts";
import { keptPage, pageOf, readAll } from "./page.ts";
import type { OutgoingRequest } from "./transport.ts";

export interface ExchangeOptions {
  readonly decoder: Decoder;
  readonly usesCache: boolean;
}

export type Exchange = (request: OutgoingRequest, signal: AbortSignal) => Promise<PageResponse>;

/** One try of a request: from the source's store where it may, else within its budget of calls over the transport. */
export function exchangeOf(scope: Scope, { decoder, usesCache }: ExchangeOptions): Exchange {
  const { services } = scope;
  const store = usesCache ? scope.once("response-store", () => new ResponseStore()) : null;
  const budget = scope.once<ApiBudget>("api-budget", () => NO_BUDGET);
  return async (request, signal) => {
    const known = store?.get(request);
    if (known !== undefined) return keptPage(known, known.body, decoder);
    await budget.acquire(request, services, signal);
    const response = await services.transport.send(request, signal);
    budget.update(request, response, services.context.clock.now());
    if (store === null) return pageOf(response, decoder);
    const body = await readAll(response.body);
    store.put(request, response, body);
    return keptPage(response, body, decoder);
  };
}
