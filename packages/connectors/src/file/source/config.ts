import { Type, type Static } from "@weir/kit";
import { FIELD_KINDS } from "@weir/protocol";

const csv = Type.Object(
  {
    delimiter: Type.String({
      title: "Delimiter",
      description: "The character between values, or auto: comma, semicolon, tab or bar, whichever fits.",
      default: "auto",
      examples: [";", "\t"],
      minLength: 1,
      order: 0,
    }),
    quote: Type.String({
      title: "Quote",
      description:
        "The character around values that hold others, doubled inside. Empty: nothing is quoted, and a quote is a character like any other.",
      default: '"',
      maxLength: 1,
      order: 1,
    }),
    header: Type.Boolean({
      title: "Header",
      description: "Whether the first line names the columns. Without it they are column_1, column_2 and on.",
      default: true,
      order: 2,
    }),
    skip_lines: Type.Integer({
      title: "Lines to skip",
      description: "Lines before the header, or before the first row.",
      default: 0,
      minimum: 0,
      order: 3,
    }),
    null_texts: Type.Array(Type.String(), {
      title: "Texts for NULL",
      description: "Unquoted values that mean NULL.",
      default: [""],
      examples: [["", "NULL", "\\N"]],
      order: 4,
    }),
  },
  {
    title: "CSV",
    description: "How CSV files of the stream are written.",
    default: {},
    order: 4,
  },
);

const stream = Type.Object({
  name: Type.String({ title: "Name", description: "Name of the stream.", minLength: 1, order: 0 }),
  files: Type.Array(Type.String({ minLength: 1 }), {
    title: "Files",
    description: "Paths below the root, with * ? [] {} and ** as patterns, and addresses of http and https.",
    minItems: 1,
    examples: [["orders/*.csv.gz"], ["https://example.com/orders.jsonl"]],
    order: 1,
  }),
  format: Type.Union(
    [Type.Literal("auto"), Type.Literal("csv"), Type.Literal("jsonl"), Type.Literal("parquet")],
    {
      title: "Format",
      description:
        "auto: by the name's ending (.csv, .tsv, .txt, .jsonl, .ndjson, .json, .parquet), then by the first bytes.",
      default: "auto",
      order: 2,
    },
  ),
  encoding: Type.Union(
    [
      Type.Literal("auto"),
      Type.Literal("utf-8"),
      Type.Literal("utf-16le"),
      Type.Literal("utf-16be"),
      Type.Literal("iso-8859-1"),
      Type.Literal("windows-1252"),
    ],
    {
      title: "Encoding",
      description: "Of CSV and JSON lines. auto: what the byte order mark says, else UTF-8.",
      default: "auto",
      order: 3,
    },
  ),
  csv,
  types: Type.Record(Type.String(), Type.Union(FIELD_KINDS.map((kind) => Type.Literal(kind))), {
    title: "Types",
    description: "Kinds of columns that are not to be guessed.",
    default: {},
    examples: [{ zip: "string" }],
    order: 5,
  }),
  place: Type.Boolean({
    title: "Place of each row",
    description:
      "Adds the columns _weir_file and _weir_line: the file, and the line (in Parquet the row) in it.",
    default: false,
    order: 6,
  }),
});

export const sourceConfig = Type.Object({
  root: Type.String({
    title: "Root",
    description: "Folder below which all local files lie. A path or a link that leaves it is refused.",
    default: ".",
    examples: ["data"],
    minLength: 1,
    "x-weir-path": true,
    order: 0,
  }),
  streams: Type.Array(stream, {
    title: "Streams",
    description: "Each is a set of files with the same columns.",
    minItems: 1,
    examples: [[{ name: "orders", files: ["orders/*.csv"] }]],
    order: 1,
  }),
  token: Type.Optional(
    Type.String({
      title: "Token",
      description: "Sent as bearer token to the servers named under `files`, over https only.",
      airbyte_secret: true,
      order: 2,
    }),
  ),
  parallel: Type.Integer({
    title: "Parallel reads",
    description: "Parts of a stream that are read at the same time.",
    minimum: 1,
    maximum: 8,
    default: 2,
    order: 3,
  }),
  part_megabytes: Type.Integer({
    title: "Size of a part",
    description:
      "Megabytes that are read and committed at a time where a file can be cut; small files are taken together up to it.",
    minimum: 1,
    maximum: 10_000,
    default: 64,
    order: 4,
  }),
});

export type FileSourceConfig = Static<typeof sourceConfig>;
export type FileStream = FileSourceConfig["streams"][number];
export type CsvOptions = FileStream["csv"];
export type TextEncoding = FileStream["encoding"];
