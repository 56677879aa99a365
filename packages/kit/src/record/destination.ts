import type { CheckResult, Context, DestinationConnector, OpenDestination } from "@weir/protocol";
import type { Static } from "typebox";
import type { TObject } from "../config/type.ts";
import { defineDestination } from "../define.ts";
import { writerSession } from "./session.ts";
import type { RecordWriter } from "./writer.ts";

export interface RecordDestinationDefinition<Config extends TObject> {
  /** `destination-<system>`. */
  readonly id: string;
  readonly title: string;
  readonly config: Config;
  readonly documentationUrl?: string | undefined;
  /** `append`, and `overwrite` where the writer can do it. */
  readonly modes: readonly ("append" | "overwrite")[];
  check(config: Static<Config>, context: Context): Promise<CheckResult | void>;
  open(request: Omit<OpenDestination, "config"> & { readonly config: Static<Config> }): Promise<RecordWriter>;
}

/** A destination whose author only writes rows: batches, transactions, checkpoints and fence are seen to here. */
export function recordDestination<Config extends TObject>(
  definition: RecordDestinationDefinition<Config>,
): DestinationConnector {
  return defineDestination({
    ...definition,
    check: (config, context) => definition.check(config, context),
    open: async (request) => writerSession(await definition.open(request), definition.modes),
  });
}
