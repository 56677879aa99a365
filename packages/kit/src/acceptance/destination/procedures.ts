import type { Procedure } from "../row.ts";
import { checkRow, specRow } from "../spec-and-check.ts";
import {
  killedAfterAcknowledgement,
  manyStreams,
  nothingToWrite,
  oneRecord,
  statesInOrder,
} from "./acknowledging.ts";
import { evolvesTables } from "./component/evolution.ts";
import { mapsNames } from "./component/names.ts";
import { tableOperations } from "./component/tables.ts";
import { keepsValues } from "./component/values.ts";
import {
  appends,
  deduplicates,
  deduplicatesOtherwise,
  evolves,
  interruptedTruncate,
  interruptedTruncateOfNothing,
  truncateGivenUp,
  truncates,
  truncatesIntoDedup,
} from "./modes.ts";
import { hardNames, identifiersStay, namespacesApart } from "./names.ts";
import type { DestinationScene } from "./scene.ts";
import { containers, numbers, types } from "./values.ts";

export const destinationProcedures: Readonly<Record<string, Procedure<DestinationScene>>> = {
  D1: ({ subject }) => specRow(subject),
  D2: ({ subject }) => checkRow(subject),
  D3: oneRecord,
  D4: killedAfterAcknowledgement,
  D5: statesInOrder,
  D6: namespacesApart,
  D7: hardNames,
  D8: appends,
  D9: deduplicates,
  D10: deduplicatesOtherwise,
  D11: truncates,
  D12: truncatesIntoDedup,
  D13: interruptedTruncate,
  D14: interruptedTruncateOfNothing,
  D15: truncateGivenUp,
  D16: evolves,
  D17: types,
  D18: numbers,
  D19: containers,
  D20: nothingToWrite,
  D21: manyStreams,
  D23: tableOperations,
  D24: mapsNames,
  D25: evolvesTables,
  D26: keepsValues,
  D27: identifiersStay,
};
