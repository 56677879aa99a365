import type { AcceptanceRow } from "./row.ts";

function destination(id: string, title: string, procedure: string): AcceptanceRow {
  return { id, side: "destination", title, procedure };
}

function source(id: string, title: string, procedure: string): AcceptanceRow {
  return { id, side: "source", title, procedure };
}

/** Every row of the suite, in the order in which they run. */
export const acceptanceRows: readonly AcceptanceRow[] = [
  destination(
    "D1",
    "spec",
    "`spec` gives exactly one SPEC, the same each time and as recorded; its schema keeps the rules for specifications.",
  ),
  destination(
    "D2",
    "check",
    "`check` gives exactly one CONNECTION_STATUS: SUCCEEDED, or FAILED with the message declared, without a secret.",
  ),
  destination(
    "D3",
    "one record",
    "One record with a change, one state: the state comes back with its unknown fields and a count of 1; the row has its time, generation, sync and the change.",
  ),
  destination(
    "D4",
    "killed after an acknowledged state",
    "A record and a state; once the state is echoed the destination is killed, an executable by SIGKILL. After an empty sync the row is there, once.",
  ),
  destination(
    "D5",
    "order and counts of states",
    "States of three streams come back in order within each stream, only when their rows are there, with exact counts; a GLOBAL state comes back whole.",
  ),
  destination("D6", "namespaces", "Streams of one name in two namespaces and in none: the rows do not mix."),
  destination(
    "D7",
    "names that are hard to quote",
    "13 names of streams and 11 of fields, written appending and deduplicating: every row reads back.",
  ),
  destination("D8", "append", "Two syncs: the rows of both are there."),
  destination(
    "D9",
    "dedup",
    "A key of two fields, integer and text; duplicates, updates and deletes within a sync and between two: the newest by cursor stays, deleted rows go.",
  ),
  destination(
    "D10",
    "dedup without cursor, with another cursor, with another key",
    "Without a cursor the later row wins; a NULL cursor is the oldest; after a change of the key rows are merged by the new one.",
  ),
  destination(
    "D11",
    "truncating refresh",
    "A sync with its generation as the minimum: when the stream is complete, older generations are gone.",
  ),
  destination(
    "D12",
    "truncating refresh into another mode",
    "Appended first, then replaced with dedup: the new rows, one for each key.",
  ),
  destination(
    "D13",
    "interrupted truncating refresh",
    "A second sync that truncates ends without COMPLETE: the first one's rows are there, new ones as declared. A third of the same generation completes: rows of the second and third.",
  ),
  destination(
    "D14",
    "interrupted truncating refresh of nothing",
    "The same without earlier rows: after the end the rows of both runs.",
  ),
  destination(
    "D15",
    "truncating refresh given up",
    "After the interrupted sync one that keeps every generation: acknowledged rows of all three are there.",
  ),
  destination(
    "D16",
    "schema evolution",
    "A field goes, one comes, one changes its type between two syncs: nothing is lost when appending; an overwrite takes the new schema.",
  ),
  destination(
    "D17",
    "types",
    "Valid values, NULL, absent, invalid and too large values of every type: a value or NULL with a change, never a crash, never a wrong value.",
  ),
  destination(
    "D18",
    "numbers",
    "Small, long and extreme numbers keep their value, or a change says what was done.",
  ),
  destination(
    "D19",
    "containers",
    "Objects, arrays, unions and values of no type come back as declared, undeclared members included.",
  ),
  destination(
    "D20",
    "nothing to write",
    "A stream without columns, one without rows, a truncating refresh without rows: no failure, and the table says so.",
  ),
  destination("D21", "many streams", "50 streams and one record complete."),
  destination(
    "D23",
    "component: tables",
    "Through the session: a load that is rolled back leaves nothing, one that is committed is counted, an overwrite swaps only when finished, the fence keeps an older writer out.",
  ),
  destination(
    "D24",
    "component: names",
    "8 names of tables and 19 of columns, every type among them, are the same in every attempt; two streams for one table are refused, names alike but for their case kept apart or refused.",
  ),
  destination(
    "D25",
    "component: schema evolution",
    "An unchanged stream changes nothing; an added field is told, once; a removed one keeps its column; a type that changes loses no value, from text to anything and back, and neither does the mode.",
  ),
  destination(
    "D26",
    "component: values",
    "The least and the greatest value of each type is kept; one step beyond it is kept, or NULL with a change.",
  ),
  destination(
    "D27",
    "names and columns stay",
    "Identifiers of hard names are those recorded before: an upgrade moves no table.",
  ),
  source(
    "S1",
    "spec",
    "`spec` gives exactly one SPEC, the same each time and as recorded; its schema keeps the rules for specifications.",
  ),
  source(
    "S2",
    "check",
    "`check` gives exactly one CONNECTION_STATUS: SUCCEEDED, or FAILED with the message declared, without a secret.",
  ),
  source(
    "S3",
    "discover",
    "`discover` gives exactly one CATALOG: streams of different names, with schemas, sync modes, cursors and keys that exist.",
  ),
  source(
    "S4",
    "read",
    "A full refresh: values fit the schema, keys are there, each stream is STARTED, RUNNING where it has rows, COMPLETE; the rows are those declared.",
  ),
  source(
    "S5",
    "states",
    "Each stream ends with a state behind its last record; the counts of all states add up to the records; no state comes twice in succession.",
  ),
  source("S6", "full refresh again", "A second full refresh gives the same rows."),
  source(
    "S7",
    "full refresh resumed from every state",
    "Killed after each state and gone on from it: the rows before and after make the whole, none twice.",
  ),
  source("S8", "incremental again", "Read with the last state nothing comes but a state."),
  source(
    "S9",
    "incremental resumed from every state",
    "Killed after each state and gone on from it: the rows before and after make the whole, none twice.",
  ),
  source(
    "S10",
    "incremental with changes",
    "After a change at the source the rows declared come, and no others.",
  ),
  source("S11", "names that are hard to quote", "Streams and fields of such names are found and read."),
  source(
    "S12",
    "a stream that is not there",
    "Ends with a TRACE ERROR, and does not call the stream complete.",
  ),
  source(
    "S13",
    "a state of somebody else",
    "Read from the start with a word, or refused: never a row less without a word.",
  ),
  source("S14", "cancel", "Ends within a second."),
  source("S15", "secrets", "No secret stands in anything the source says, failures included."),
  source(
    "S16",
    "leaks",
    "After many reads, whole ones and broken off ones, no handle is left open, no process lives on and memory has not grown; an executable holds no more files, sockets or memory at the end of a read than in its middle.",
  ),
];
