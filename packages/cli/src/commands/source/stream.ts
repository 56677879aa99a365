import type { Catalog, Stream } from "@weir/protocol";
import { streamKey } from "@weir/protocol";
import { suggestion } from "../../project/suggest.ts";
import { usageError } from "../../project/usage.ts";

/** The stream that a person means by its key or, where that is clear, its name alone. */
export function findStream(catalog: Catalog, wanted: string): Stream {
  const byKey = catalog.streams.find((stream) => streamKey(stream) === wanted);
  if (byKey !== undefined) return byKey;
  const byName = catalog.streams.filter((stream) => stream.name === wanted);
  const [only] = byName;
  if (only !== undefined && byName.length === 1) return only;
  const keys = catalog.streams.map(streamKey);
  throw usageError(
    byName.length > 1 ? `Several streams are called "${wanted}".` : `The source has no stream "${wanted}".`,
    byName.length > 1
      ? `Name one of ${byName.map(streamKey).join(", ")}.`
      : suggestion(wanted, keys, "streams"),
    "usage.stream_unknown",
  );
}
