import { randomUUID } from "node:crypto";
import { mkdir } from "node:fs/promises";
import { basename, dirname, join, relative } from "node:path";
import type { FinishRequest } from "@weir/protocol";
import { visibleFiles } from "./claims.ts";
import { filesBelow } from "./disk.ts";
import type { Operation } from "./manifest.ts";
import { HIDDEN_SUFFIX, labelOf, shownName } from "./names.ts";
import type { Places } from "./places.ts";
import { writeSchema } from "./schema-file.ts";
import type { FormatWriter, Target } from "./target.ts";

interface FinishScene {
  readonly places: Places;
  readonly format: FormatWriter;
  readonly session: string;
  /** Where files that are written again go. */
  readonly folder: string;
}

/** What makes a stream's generation visible and complete. */
export async function finishOperations(
  scene: FinishScene,
  target: Target,
  request: FinishRequest,
): Promise<readonly Operation[]> {
  const { root } = scene.places;
  const { plan, staged } = target;
  const visible = join(root, target.folder);
  const files = await visibleFiles(visible, plan.key);
  const operations =
    request.overlap && plan.primaryKey.length > 0 ? [...(await newest(scene, target, request))] : [];
  const isOld = (path: string): boolean =>
    (labelOf(basename(path))?.generation ?? 0) < plan.minimumGeneration;
  if (staged !== null && files.every(isOld) && plan.minimumGeneration >= plan.generation) {
    await writeSchema(join(root, staged), target.schema, scene.session);
    return [...operations, { do: "swap", id: randomUUID(), staged, table: target.folder }];
  }
  if (staged !== null) {
    await writeSchema(visible, target.schema, scene.session);
    for (const path of await filesBelow(join(root, staged))) {
      if (!path.endsWith(HIDDEN_SUFFIX)) continue;
      const to = join(target.folder, dirname(path), shownName(basename(path)));
      operations.push({ do: "move", id: randomUUID(), from: join(staged, path), to });
    }
  }
  for (const path of files.filter(isOld))
    operations.push({ do: "remove", id: randomUUID(), path: join(target.folder, path) });
  return operations;
}

/** Files of this load that hold an older row of some key are written again, and take the same names. */
async function newest(
  { places, format, folder }: FinishScene,
  target: Target,
  { since, signal }: FinishRequest,
): Promise<readonly Operation[]> {
  const { root } = places;
  const home = join(root, target.staged ?? target.folder);
  const names = target.staged === null ? await visibleFiles(home) : await filesBelow(home);
  const files = names.filter((path) => {
    const label = labelOf(shownName(basename(path)));
    return label !== undefined && label.generation === target.plan.generation && label.sync >= since;
  });
  if (files.length === 0) return [];
  await mkdir(folder, { recursive: true });
  const paths = files.map((path) => join(home, path));
  const rewritten = await format.keepNewest({ target, files: paths, folder, signal });
  return rewritten.map(({ path, written }) => ({
    do: "move",
    id: randomUUID(),
    from: relative(root, written),
    to: relative(root, path),
  }));
}
