import type { Procedure } from "../row.ts";
import { checkRow, specRow } from "../spec-and-check.ts";
import { catalogRow } from "./catalog.ts";
import { leavesNothing } from "./leaks.ts";
import { cancels, foreignState, hardNames, keepsSecrets, missingStream } from "./odd.ts";
import { fullRead, statesRow } from "./records.ts";
import {
  fullReadAgain,
  fullReadResumed,
  incrementalAgain,
  incrementalResumed,
  incrementalWithChanges,
} from "./resuming.ts";
import type { SourceSubject } from "./subject.ts";

export const sourceProcedures: Readonly<Record<string, Procedure<SourceSubject>>> = {
  S1: specRow,
  S2: checkRow,
  S3: catalogRow,
  S4: fullRead,
  S5: statesRow,
  S6: fullReadAgain,
  S7: fullReadResumed,
  S8: incrementalAgain,
  S9: incrementalResumed,
  S10: incrementalWithChanges,
  S11: hardNames,
  S12: missingStream,
  S13: foreignState,
  S14: cancels,
  S15: keepsSecrets,
  S16: leavesNothing,
};
