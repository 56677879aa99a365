import type { StoredCheckpoint } from "@weir/protocol";
import { readCheckpoints, storeStream } from "./document.ts";

/**
 * [I15] What is kept when an attempt begins at a destination that acknowledges later. Whether rows of a replacing load outlive
 * the attempt is not known there, so such a load is never gone on with: it counts as uncovered until it is finished.
 */
export function keptAtBegin(checkpoints: readonly StoredCheckpoint[]): readonly StoredCheckpoint[] {
  const { streams } = readCheckpoints({ token: null, checkpoints });
  return checkpoints.map((checkpoint) => {
    const document = streams.get(checkpoint.stream);
    return document === undefined || !isReplacing(checkpoint) || document.clear
      ? checkpoint
      : storeStream(checkpoint.stream, { ...document, uncovered: true });
  });
}

/** What is kept of checkpoints that were acknowledged: of a replacing load only its end. */
export function keptOfAcknowledged(checkpoints: readonly StoredCheckpoint[]): readonly StoredCheckpoint[] {
  return checkpoints.filter((checkpoint) => !isReplacing(checkpoint));
}

function isReplacing({ stream, document }: StoredCheckpoint): boolean {
  const { phase, minimumGeneration } = document;
  return stream !== "" && phase !== "complete" && Number(minimumGeneration) > 0;
}
