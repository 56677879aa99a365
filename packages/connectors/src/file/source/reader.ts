import type { ConfiguredStream, JsonValue, StreamReader } from "@weir/protocol";
import { fieldsOf } from "@weir/protocol";
import type { HeldFiles } from "./as-it-is/held.ts";
import { givesFiles } from "./as-it-is/read.ts";
import { COLUMNS } from "./discover.ts";
import { LineNumbers, type PartScene, partsOf } from "./parts.ts";
import { planOf } from "./plan.ts";
import type { StreamScene } from "./scene.ts";

export interface ReaderOptions {
  readonly held: HeldFiles;
  readonly signal: AbortSignal;
}

export async function readerOf(
  scene: StreamScene,
  configured: ConfiguredStream,
  state: JsonValue | null,
  { held, signal }: ReaderOptions,
): Promise<StreamReader> {
  const { files, config } = scene;
  const plan = await planOf(files, state, configured.sync_mode === "full_refresh", signal);
  const known = knownColumns(configured);
  const parts: PartScene = { ...scene, plan, known, lines: new LineNumbers(), held };
  const bytes = plan.tasks.reduce((sum, { file }) => sum + (file.size ?? 0), 0);
  let whole = false;
  return {
    ...(plan.restart === undefined ? {} : { restart: { reason: plan.restart } }),
    notices: plan.notices,
    parallel: config.parallel,
    ...(bytes > 0 ? { estimate: { bytes } } : {}),
    gives: (encoding) => {
      if (encoding.format === "batch") return true;
      const asItIs = givesFiles({ ...scene, files: plan.tasks.map(({ file }) => file) }, encoding, known);
      // Asked before the first part: files that are given as they are must not be cut.
      whole ||= asItIs;
      return asItIs;
    },
    parts: (until) => partsOf(parts, () => whole, until),
  };
}

/** All columns of the stream when it was discovered: what a file has beside them would be lost without a word. */
function knownColumns({ stream }: ConfiguredStream): ReadonlySet<string> {
  const listed = stream[COLUMNS];
  const names = Array.isArray(listed) ? listed.filter((name) => typeof name === "string") : [];
  return new Set([...fieldsOf(stream.json_schema).map(({ name }) => name), ...names]);
}
