import { recordDestination, Type } from "@weir/kit";
import { checkFolder } from "./folder.ts";
import { JsonlWriter } from "./writer.ts";

const config = Type.Object({
  folder: Type.String({
    title: "Folder",
    description: "Where the files are written; made when it is missing. It belongs to one connection.",
    examples: ["out"],
    minLength: 1,
    "x-weir-path": true,
    order: 0,
  }),
});

export const destination = recordDestination({
  id: "destination-jsonl",
  title: "JSON lines",
  config,
  modes: ["append", "overwrite"],
  check: ({ folder }) => checkFolder(folder),
  open: ({ config: { folder }, connection }) => JsonlWriter.open(folder, connection),
});
