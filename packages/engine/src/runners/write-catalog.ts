import type {
  BeginRequest,
  ConfiguredCatalog,
  ConfiguredStream,
  StreamPlan,
  WriteMode,
} from "@weir/protocol";
import { schemaOf } from "@weir/protocol";
import { descriptorOf } from "./record-lines.ts";

/** What `write` gets: the streams as the destination is to make them. */
export function writeCatalog({ token, streams }: BeginRequest): ConfiguredCatalog {
  return { streams: streams.map((plan) => configured(plan, token.sync)) };
}

function configured(plan: StreamPlan, sync: number): ConfiguredStream {
  const { name, namespace } = descriptorOf(plan);
  const full = plan.mode === "overwrite" || plan.mode === "overwrite_dedup";
  return {
    stream: {
      name,
      ...(namespace === undefined ? {} : { namespace }),
      json_schema: schemaOf(plan.fields),
      supported_sync_modes: ["full_refresh", "incremental"],
    },
    sync_mode: full ? "full_refresh" : "incremental",
    destination_sync_mode: SYNC_MODE[plan.mode],
    cursor_field: plan.cursor === undefined ? [] : [plan.cursor],
    primary_key: plan.primaryKey.map((field) => [field]),
    generation_id: plan.generation,
    minimum_generation_id: plan.minimumGeneration,
    sync_id: sync,
  };
}

/** A replacing load with dedup is told by its minimum generation alone. */
const SYNC_MODE = {
  append: "append",
  overwrite: "overwrite",
  append_dedup: "append_dedup",
  overwrite_dedup: "append_dedup",
} as const satisfies Record<WriteMode, string>;
