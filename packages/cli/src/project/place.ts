import type { Failure } from "@weir/protocol";
import { WeirError } from "@weir/protocol";
import type { Declared, Endpoint } from "./endpoint.ts";

/** A failure with the place in the project file that it comes from: `weir.yaml:3:3`. */
export interface PlacedFailure extends Failure {
  readonly place?: string | undefined;
}

/** The failure of a source or destination with the place of its declaration, as deep as the failure's own path leads. */
export function placed(failure: Failure, declared: Declared | undefined): PlacedFailure {
  if (declared === undefined) return failure;
  const { document, path } = declared;
  const deeper = (failure.path ?? "").split(".").filter((step) => step !== "" && step !== "config");
  const config = path.length === 2 && path[0] !== "connections" ? ["config"] : [];
  return {
    ...failure,
    place: document.place([...path, ...(deeper.length > 0 ? [...config, ...deeper] : [])]),
  };
}

/** Does the work of an endpoint; what fails there gets the endpoint's place. */
export async function atPlace<Result>({ declared }: Endpoint, work: () => Promise<Result>): Promise<Result> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof WeirError)) throw error;
    throw new WeirError(placed(error.failure, declared), { cause: error });
  }
}
